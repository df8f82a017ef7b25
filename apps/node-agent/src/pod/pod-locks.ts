/**
 * One thing at a time per pod, any number of pods at once; and work on all pods (GC) only while
 * nothing is under way for any. CNI 1.1 asks for this of runtimes; the agent does not rely on it.
 */
export interface PodLocks {
  /** Runs `work` when no other work for this container and no exclusive work is under way. */
  withPod<T>(containerId: string, work: () => Promise<T>): Promise<T>
  /** Runs `work` when nothing else is under way; what comes meanwhile waits. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
}

export function createPodLocks(): PodLocks {
  /** The end of the newest work, by container. */
  const tails = new Map<string, Promise<undefined>>()
  let exclusive: Promise<undefined> = Promise.resolve(undefined)

  return {
    async withPod(containerId, work) {
      const before = Promise.all([exclusive, tails.get(containerId)])
      const { promise: end, resolve: release } = Promise.withResolvers<undefined>()
      tails.set(containerId, end)
      try {
        await before
        return await work()
      } finally {
        if (tails.get(containerId) === end) tails.delete(containerId)
        release(undefined)
      }
    },
    async exclusively(work) {
      const before = Promise.all([exclusive, ...tails.values()])
      const { promise: end, resolve: release } = Promise.withResolvers<undefined>()
      exclusive = end
      try {
        await before
        return await work()
      } finally {
        release(undefined)
      }
    },
  }
}
