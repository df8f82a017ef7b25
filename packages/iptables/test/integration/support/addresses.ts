/** Addresses of the scene, by family. */
export const addresses = {
  ipv4: {
    loopback: '127.0.0.1',
    otherLoopback: '127.1.2.3',
    pod: '10.77.0.2',
    client: '10.77.0.1',
    other: '10.88.0.1',
    second: '10.99.0.2',
    secondClient: '10.99.0.1',
  },
  ipv6: {
    loopback: '::1',
    otherLoopback: '::1',
    pod: 'fd77::2',
    client: 'fd77::1',
    other: 'fd88::1',
    second: 'fd99::2',
    secondClient: 'fd99::1',
  },
} as const
