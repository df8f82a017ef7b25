import { type KnownKeys } from './fold.ts'

const dns: KnownKeys = { nameservers: null, domain: null, search: null, options: null }
const route: KnownKeys = {
  dst: null,
  gw: null,
  mtu: null,
  advmss: null,
  priority: null,
  table: null,
  scope: null,
}
const ipConfig020: KnownKeys = { ip: null, gateway: null, routes: route }
const attachment: KnownKeys = { containerID: null, ifname: null }

/** Keys of results of any version. */
export const resultKeys: KnownKeys = {
  cniVersion: null,
  ip4: ipConfig020,
  ip6: ipConfig020,
  interfaces: { name: null, mac: null, mtu: null, sandbox: null, socketPath: null, pciID: null },
  ips: { version: null, interface: null, address: null, gateway: null },
  routes: route,
  dns,
}

/** Keys of a plugin's configuration; those below `prevResult` are read with the result. */
export const netConfKeys: KnownKeys = {
  cniVersion: null,
  name: null,
  type: null,
  capabilities: null,
  ipam: { type: null },
  dns,
  runtimeConfig: null,
  prevResult: null,
  'cni.dev/valid-attachments': attachment,
  'cni.dev/attachments': attachment,
}

/** Keys of the well-known capabilities below `runtimeConfig`. */
export const capabilityKeys: KnownKeys = {
  portMappings: { hostPort: null, containerPort: null, protocol: null, hostIP: null },
  ipRanges: { subnet: null, rangeStart: null, rangeEnd: null, gateway: null },
  bandwidth: { ingressRate: null, ingressBurst: null, egressRate: null, egressBurst: null },
  dns: { servers: null, searches: null, options: null },
}
