/** Collects replies in one piece of memory: an object for each would cost more than the reply. */
export class ReplyBuffer {
  #bytes = Buffer.alloc(4096)
  #used = 0
  /** How long each reply is, bytes. */
  readonly lengths: number[] = []

  /** Everything that was added. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used)
  }

  /** Adds one reply. */
  add(reply: Uint8Array): void {
    const need = this.#used + reply.length
    if (need > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(need, this.#bytes.length * 2))
      larger.set(this.bytes)
      this.#bytes = larger
    }
    this.#bytes.set(reply, this.#used)
    this.#used = need
    this.lengths.push(reply.length)
  }
}
