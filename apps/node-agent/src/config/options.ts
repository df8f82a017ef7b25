import {
  absolutePath,
  type Backend,
  BACKENDS,
  duration,
  LOG_LEVELS,
  type LogLevel,
  namespaceList,
  oneOf,
  port,
  type Source,
  SOURCES,
  switchValue,
  trustDomain,
  userId,
} from './values.ts'

/** The agent's configuration, every value parsed (durations in milliseconds). */
export interface Config {
  readonly socket: string
  readonly runDir: string
  readonly sidecarDir: string
  readonly stateDir: string
  readonly envoyPath: string
  readonly proxyUid: number
  readonly proxyGid: number
  readonly outboundPort: number
  readonly inboundPort: number
  readonly redirectBackend: Backend
  readonly identitySource: Source
  readonly identityDir: string
  readonly trustDomain: string
  readonly leafLifetime: number
  readonly allowKeysOnDisk: boolean
  readonly includeNamespaces: readonly string[]
  readonly startTimeout: number
  readonly stopGrace: number
  readonly reconcileInterval: number
  readonly logLevel: LogLevel
}

/** One setting of the agent: the single place that its flag, variable, default and text come from. */
interface Setting<T> {
  /** Flag without the dashes; `PROXY_AGENT_<UPPER_SNAKE>` follows from it. */
  readonly flag: string
  /** What stands for the value in `--help`; undefined for a switch. */
  readonly placeholder: string | undefined
  /** The default, as the user would write it. */
  readonly fallback: string
  readonly about: string
  /** Throws a ValueError that says what is allowed. */
  readonly parse: (text: string) => T
}

/** Every setting of the agent. `--help`, the configuration file and the reference are made of this. */
export const SETTINGS: { readonly [Name in keyof Config]: Setting<Config[Name]> } = {
  socket: {
    flag: 'socket',
    placeholder: 'PATH',
    fallback: '/run/proxy-agent/agent.sock',
    about: 'Unix socket for proxy-cni and sidecarctl, mode 0600',
    parse: absolutePath,
  },
  runDir: {
    flag: 'run-dir',
    placeholder: 'DIR',
    fallback: '/run/proxy-agent',
    about: 'namespace pins and the selection file; lost at a reboot, mode 0700',
    parse: absolutePath,
  },
  sidecarDir: {
    flag: 'sidecar-dir',
    placeholder: 'DIR',
    fallback: '/run/proxy-sidecars',
    about: "each sidecar's files: configuration, certificates, admin socket, logs; on tmpfs",
    parse: absolutePath,
  },
  stateDir: {
    flag: 'state-dir',
    placeholder: 'DIR',
    fallback: '/var/lib/proxy-agent',
    about: 'journal, delete queue and built-in CA; survives a reboot, mode 0700',
    parse: absolutePath,
  },
  envoyPath: {
    flag: 'envoy-path',
    placeholder: 'PATH',
    fallback: '/usr/local/bin/envoy',
    about: 'Envoy binary, 1.40 or newer',
    parse: absolutePath,
  },
  proxyUid: {
    flag: 'proxy-uid',
    placeholder: 'UID',
    fallback: '1337',
    about: 'user id of every Envoy',
    parse: userId,
  },
  proxyGid: {
    flag: 'proxy-gid',
    placeholder: 'GID',
    fallback: '1337',
    about: 'group id of every Envoy',
    parse: userId,
  },
  outboundPort: {
    flag: 'outbound-port',
    placeholder: 'PORT',
    fallback: '15001',
    about: 'port in the pod that outbound connections are redirected to',
    parse: port,
  },
  inboundPort: {
    flag: 'inbound-port',
    placeholder: 'PORT',
    fallback: '15006',
    about: 'port in the pod that inbound connections are redirected to',
    parse: port,
  },
  redirectBackend: {
    flag: 'redirect-backend',
    placeholder: BACKENDS.join('|'),
    fallback: 'nftables',
    about: 'how rules reach the kernel: nf_tables by netlink, or iptables-restore',
    parse: oneOf(BACKENDS),
  },
  identitySource: {
    flag: 'identity-source',
    placeholder: SOURCES.join('|'),
    fallback: 'built-in',
    about: 'where certificates come from: a CA of this node, or a directory of PEM files',
    parse: oneOf(SOURCES),
  },
  identityDir: {
    flag: 'identity-dir',
    placeholder: 'DIR',
    fallback: '/opt/certs',
    about: 'cert-chain.pem, key.pem and root-cert.pem, for --identity-source directory',
    parse: absolutePath,
  },
  trustDomain: {
    flag: 'trust-domain',
    placeholder: 'NAME',
    fallback: 'cluster.local',
    about: 'SPIFFE trust domain of every identity',
    parse: trustDomain,
  },
  leafLifetime: {
    flag: 'leaf-lifetime',
    placeholder: 'DURATION',
    fallback: '24h',
    about: 'lifetime of a certificate of the built-in CA; renewed at half of it',
    parse: duration({ min: '10s', max: '90d' }),
  },
  allowKeysOnDisk: {
    flag: 'allow-keys-on-disk',
    placeholder: undefined,
    fallback: 'false',
    about: 'accept a --sidecar-dir that is not on tmpfs, so that private keys reach a disk',
    parse: switchValue,
  },
  includeNamespaces: {
    flag: 'include-namespaces',
    placeholder: 'LIST',
    fallback: '',
    about:
      'namespaces, by comma, whose pods are selected where the plugin says selection "namespace"',
    parse: namespaceList,
  },
  startTimeout: {
    flag: 'start-timeout',
    placeholder: 'DURATION',
    fallback: '15s',
    about: 'how long an Envoy may take to become ready before ADD fails',
    parse: duration({ min: '1s', max: '60s' }),
  },
  stopGrace: {
    flag: 'stop-grace',
    placeholder: 'DURATION',
    fallback: '1s',
    about: 'how long open connections may go on at DEL before Envoy ends',
    parse: duration({ min: '0s', max: '60s' }),
  },
  reconcileInterval: {
    flag: 'reconcile-interval',
    placeholder: 'DURATION',
    fallback: '30s',
    about: 'how often what should be is compared with what is',
    parse: duration({ min: '1s', max: '1h' }),
  },
  logLevel: {
    flag: 'log-level',
    placeholder: LOG_LEVELS.join('|'),
    fallback: 'info',
    about: 'least severity that is logged',
    parse: oneOf(LOG_LEVELS),
  },
}
