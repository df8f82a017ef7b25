/**
 * What `istio-iptables` is told, after its flags and variables were read: the input of
 * the rules. Lists keep their order and their duplicates, because the rules follow them.
 */
export interface IstioConfig {
  /** Whether rules for IPv6 are made as well; rules for IPv4 always are. Default false. */
  readonly enableIpv6: boolean
  /** `-m`: how inbound connections reach the proxy. Default `REDIRECT`. */
  readonly mode: 'REDIRECT' | 'TPROXY'
  /** `-p`: port for connections from the application. Default 15001. */
  readonly outboundPort: number
  /** `-z`: port for connections to the application. Default 15006. */
  readonly inboundPort: number
  /** `-e`: port for tunnels, never captured. Default 15008. */
  readonly tunnelPort: number
  /** `-u`: users the proxy runs as, by number or name. Default 1337. */
  readonly proxyUids: readonly string[]
  /** `-g`: groups the proxy runs as, by number or name. Default: as `proxyUids`. */
  readonly proxyGids: readonly string[]
  /** `-t`: mark of packets that TPROXY diverts. Default 1337. */
  readonly tproxyMark: number
  /** `-r`: routing table of packets with that mark. Default 133. */
  readonly tproxyRouteTable: number
  /** `-b`: inbound TCP ports to capture; `*` is all; undefined makes no inbound capture. */
  readonly includeInboundPorts: '*' | readonly number[] | undefined
  /** `-d`: inbound TCP ports left alone; heeded only when `-b` is `*`. Default none. */
  readonly excludeInboundPorts: readonly number[]
  /** `-q`: outbound TCP ports captured whatever the address. Default none. */
  readonly includeOutboundPorts: readonly number[]
  /** `-o`: outbound TCP and UDP ports never captured. Default none. */
  readonly excludeOutboundPorts: readonly number[]
  /** `-i`: destinations to capture; `*` is all. Host bits are kept. Default none. */
  readonly includeOutboundCidrs: '*' | readonly string[]
  /** `-x`: destinations never captured. Default none. */
  readonly excludeOutboundCidrs: readonly string[]
  /** `-c`: interfaces whose traffic is left alone. Default none. */
  readonly excludeInterfaces: readonly string[]
  /** `-k`: interfaces of guests, whose inbound traffic is treated as outbound. Default none. */
  readonly virtualInterfaces: readonly string[]
  /** Groups whose outbound connections are captured, by number or name; `*` is all. Default `*`. */
  readonly includeOwnerGroups: '*' | readonly string[]
  /** Groups whose outbound connections are not; heeded only when the include is `*`. */
  readonly excludeOwnerGroups: readonly string[]
  /** `--redirect-dns`: capture DNS, if there are servers or `captureAllDns`. Default false. */
  readonly redirectDns: boolean
  /** `--capture-all-dns`: DNS to any server, not only to `dnsServers`. Default false. */
  readonly captureAllDns: boolean
  /** Name servers of the pod, as `/etc/resolv.conf` has them. Default none. */
  readonly dnsServers: readonly string[]
  /** `--drop-invalid`: drop packets that belong to no connection. Default false. */
  readonly dropInvalid: boolean
  /** IPv4 addresses that are the loopback. Within 127.0.0.0/8. Default 127.0.0.1/32. */
  readonly loopbackCidr: string
}
