/** Every way of putting rules into the kernel, the preferred one first. */
export const backendKinds = ['netlink', 'nft', 'iptables-nft', 'iptables-legacy'] as const

/** See {@link backendKinds}. */
export type BackendKind = (typeof backendKinds)[number]
