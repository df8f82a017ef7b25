/** Runs tasks of one key one after the other, tasks of different keys at the same time. */
export interface KeyedQueue {
  run<T>(key: string, task: () => Promise<T>): Promise<T>
}

/** An empty {@link KeyedQueue}; a key without tasks costs nothing. */
export function keyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>()
  return {
    async run(key, task) {
      const before = tails.get(key)
      // The task before has told its own caller how it went.
      const mine = (before ?? Promise.resolve()).then(
        () => task(),
        () => task(),
      )
      tails.set(key, mine)
      try {
        return await mine
      } finally {
        if (tails.get(key) === mine) tails.delete(key)
      }
    },
  }
}
