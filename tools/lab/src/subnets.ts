/** The pods' networks, by family. */
export const SUBNETS = { ipv4: '10.88.0.0/24', ipv6: 'fd00:88::/64' } as const

/** Reaches every end of the bridge without anybody being asked for an address first. */
export const BROADCAST = '10.88.0.255'
