/** An IP family. */
export type Family = 'ipv4' | 'ipv6'

/** Both families, in the order in which everything is listed. */
export const families: readonly Family[] = ['ipv4', 'ipv6']
