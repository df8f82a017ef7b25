/** Does tasks in the order they came, at most so many at once. */
export class Lane<T extends { readonly id: number }> {
  readonly #limit: number
  readonly #task: (item: T) => Promise<void>
  #waiting: T[] = []
  #running = 0

  /** The task must not fail. */
  constructor(limit: number, task: (item: T) => Promise<void>) {
    this.#limit = limit
    this.#task = task
  }

  /** Begins with the item as soon as there is room. */
  add(item: T): void {
    this.#waiting.push(item)
    this.#next()
  }

  /** Forgets an item that waits. */
  drop(id: number): void {
    this.#waiting = this.#waiting.filter((item) => item.id !== id)
  }

  #next(): void {
    while (this.#running < this.#limit) {
      const item = this.#waiting.shift()
      if (item === undefined) return
      this.#running += 1
      void this.#task(item).finally(() => {
        this.#running -= 1
        this.#next()
      })
    }
  }
}
