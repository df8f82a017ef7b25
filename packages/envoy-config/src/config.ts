import { z } from 'zod'
import { EnvoyConfigError } from './error.ts'

const port = z.number().int().min(1).max(65535)
const absolutePath = z
  .string()
  .max(4095)
  .regex(/^\/[^\0]*$/, 'must be an absolute path')
/** `sun_path` holds 108 bytes, the last one is zero (unix(7)). */
const socketPath = absolutePath.refine((path) => new TextEncoder().encode(path).length <= 107, {
  error: 'must be at most 107 bytes: the kernel takes no longer socket address',
})
/** Kubernetes object names (RFC 1123), and what container runtimes use as ids. */
const name = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/, 'must be letters, digits, "-", "_", "."')
/** What CNI takes as a container id: it may end with anything but begins with a letter or digit. */
const containerId = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9][-A-Za-z0-9_.]*$/, 'must be letters, digits, "-", "_", "."')
const trustDomain = z
  .string()
  .max(255)
  .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, 'must be a SPIFFE trust domain')
const address = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'must be an IP address or a CIDR',
})

const mode = z.enum(['permissive', 'strict'])
const families = z
  .array(z.enum(['ipv4', 'ipv6']))
  .min(1)
  .refine((list) => new Set(list).size === list.length, { error: 'must not repeat' })

/** What both listeners have in common. */
const shared = {
  outboundPort: port.default(15001),
  inboundPort: port.default(15006),
  families: families.default(['ipv4']),
  detectTimeoutMs: z.number().int().min(1).max(60_000).default(200),
  accessLog: z.union([z.literal('stdout'), z.literal('off'), absolutePath]).default('stdout'),
}

const sidecarSchema = z
  .strictObject({
    ...shared,
    node: z.strictObject({
      id: name.optional(),
      cluster: name.default('proxy-sidecar'),
      pod: name,
      namespace: name,
      uid: name.optional(),
      containerId,
    }),
    trustDomain,
    adminSocket: socketPath,
    sdsDirectory: absolutePath,
    outboundListenerFile: absolutePath,
    mode: mode.default('permissive'),
    portModes: z.record(z.string().regex(/^\d+$/), mode).default({}),
    minTlsVersion: z.enum(['1.2', '1.3']).default('1.2'),
    upstreamConnections: z.enum(['per-downstream', 'shared']).default('per-downstream'),
    upstreamIdleMs: z.number().int().min(1).max(3_600_000).default(1500),
    connectTimeoutMs: z.number().int().min(1).max(600_000).default(10_000),
    maxDownstreamConnections: z.number().int().min(1).max(10_000_000).default(20_000),
    metricsPort: port.optional(),
    healthPort: port.optional(),
  })
  .superRefine((config, context) => {
    const used = [config.outboundPort, config.inboundPort, config.metricsPort, config.healthPort]
    const set = used.filter((value) => value !== undefined)
    if (new Set(set).size !== set.length) {
      context.addIssue({ code: 'custom', message: 'two listeners have the same port' })
    }
    for (const key of Object.keys(config.portModes)) {
      if (!port.safeParse(Number(key)).success) {
        context.addIssue({ code: 'custom', path: ['portModes', key], message: 'must be a port' })
      }
    }
  })

const outboundSchema = z
  .strictObject({
    ...shared,
    peers: z.array(address).max(100_000).default([]),
    rawPorts: z.array(port).max(1000).default([]),
    version: z.string().min(1).max(128).default('1'),
  })
  .refine((config) => config.outboundPort !== config.inboundPort, {
    error: 'outboundPort and inboundPort must differ',
  })

/** How the inbound listener treats what is not mutual TLS from a captured peer. */
export type InboundMode = 'permissive' | 'strict'

/** Address families that a pod can have. */
export type IpFamily = 'ipv4' | 'ipv6'

/** What a sidecar's Envoy tells about itself. */
export interface SidecarNode {
  /** Name in Envoy's own output. Default: `<namespace>.<pod>.<containerId, cut to 12>`. */
  readonly id?: string | undefined
  /** Default `proxy-sidecar`. */
  readonly cluster?: string | undefined
  readonly pod: string
  readonly namespace: string
  /** The pod's Kubernetes uid. */
  readonly uid?: string | undefined
  /** Id of the pod's sandbox. */
  readonly containerId: string
}

/** Options that the bootstrap and the outbound listener must have the same. */
export interface CaptureConfig {
  /** Where the redirection sends what the application sends. Default 15001. */
  readonly outboundPort?: number | undefined
  /** Where the redirection sends what others send to the application. Default 15006. */
  readonly inboundPort?: number | undefined
  /** Default `['ipv4']`. */
  readonly families?: readonly IpFamily[] | undefined
  /**
   * How long to wait for a client's first bytes, so that HTTP and TLS can be told from the rest.
   * Default 200. A protocol in which the server speaks first waits this long once per connection; a
   * client that is slower than this is served as bytes.
   */
  readonly detectTimeoutMs?: number | undefined
  /** `stdout`, `off`, or the absolute path of a file. Default `stdout`. */
  readonly accessLog?: string | undefined
}

/** Options of one sidecar's bootstrap. */
export interface SidecarConfig extends CaptureConfig {
  readonly node: SidecarNode
  /** A peer's certificate must have a URI SAN `spiffe://<trustDomain>/…`. */
  readonly trustDomain: string
  /** The admin's Unix socket, made with mode 0600; at most 107 bytes, a path of its own per process. */
  readonly adminSocket: string
  /** Holds `identity.json` and `trust-bundle.json`; both must exist before the start. */
  readonly sdsDirectory: string
  /** The node's shared file, written from `outboundDiscovery`; must exist before the start. */
  readonly outboundListenerFile: string
  /** Default `permissive`. */
  readonly mode?: InboundMode | undefined
  /** Modes of single ports of the application. Default: none. */
  readonly portModes?: Readonly<Record<string, InboundMode>> | undefined
  /** Least version of mutual TLS. Default `1.2`; two sidecars always agree on 1.3. */
  readonly minTlsVersion?: '1.2' | '1.3' | undefined
  /**
   * Default `per-downstream`: each HTTP connection of a client has its own behind the sidecar, so that
   * whoever balances connections still sees them. `shared` pools them instead: fewer handshakes.
   */
  readonly upstreamConnections?: 'per-downstream' | 'shared' | undefined
  /**
   * An HTTP connection behind the sidecar without a request is closed after this. Default 1500:
   * shorter than servers wait (most 5 s, few 2 s), so it is the sidecar that closes, and no request
   * meets a server that is just closing. It also bounds how long such a connection outlives its client.
   */
  readonly upstreamIdleMs?: number | undefined
  /** How long a connection to the destination may take. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined
  /**
   * More are closed. At most a third of the descriptors that Envoy may have: it ends when it cannot have
   * a socket. Default 20,000, for the 65,536 of `@proxy/envoy-runtime`.
   */
  readonly maxDownstreamConnections?: number | undefined
  /** Shows Prometheus statistics at `/stats/prometheus` inside the pod; 15090 by custom. Default: none. */
  readonly metricsPort?: number | undefined
  /** Shows readiness at `/healthz/ready` inside the pod; 15021 by custom. Default: none. */
  readonly healthPort?: number | undefined
}

/** Options of the node's shared outbound listener. */
export interface OutboundConfig extends CaptureConfig {
  /**
   * Addresses or CIDRs of captured pods: only there a sidecar answers, so only there mutual TLS is
   * spoken. Order and repetition do not matter. Default: none.
   */
  readonly peers?: readonly string[] | undefined
  /**
   * Destination ports whose first bytes are not looked at: bytes, with mutual TLS to peers, at once.
   * For protocols in which a client sends and ends its side immediately (Envoy resets such a connection
   * while it looks), and to spare a server-first protocol the wait. Default: none.
   */
  readonly rawPorts?: readonly number[] | undefined
  /** Any text; Envoy's admin shows it. Default `1`. */
  readonly version?: string | undefined
}

type Optional = 'metricsPort' | 'healthPort'
type Defaults<T, Kept extends keyof T = never> = {
  readonly [Key in Exclude<keyof T, Kept>]-?: Exclude<T[Key], undefined>
} & Pick<T, Kept>

/** {@link SidecarConfig} with the defaults filled in. */
export type SidecarSettings = Defaults<Omit<SidecarConfig, 'node'>, Optional> & {
  readonly node: Defaults<SidecarNode, 'id' | 'uid'>
}

/** {@link OutboundConfig} with the defaults filled in. */
export type OutboundSettings = Defaults<OutboundConfig>

/** Checks the options of a bootstrap and fills in the defaults. Throws `config-invalid`. */
export function parseSidecarConfig(config: unknown): SidecarSettings {
  return parse(sidecarSchema, config, 'sidecar config')
}

/** Checks the options of the outbound listener and fills in the defaults. Throws `config-invalid`. */
export function parseOutboundConfig(config: unknown): OutboundSettings {
  return parse(outboundSchema, config, 'outbound config')
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`)
  throw new EnvoyConfigError('config-invalid', `parse ${what}: ${issues.join('; ')}`, {
    cause: parsed.error,
  })
}
