import * as z from 'zod/mini'
import { check } from './decode.ts'
import { foldKeys } from './fold.ts'
import { type JsonObject } from './json.ts'
import { capabilityKeys } from './known-keys.ts'
import { type NetConf, type PluginConf } from './net-conf.ts'

const rate = z.optional(z.number())

/**
 * The well-known capabilities, as a plugin finds them below `runtimeConfig`.
 *
 * @see https://github.com/containernetworking/cni/blob/main/CONVENTIONS.md#dynamic-plugin-specific-fields-capabilities--runtime-configuration
 */
export const runtimeConfigSchema = z.looseObject({
  /** Ports of the host that lead to ports of the container. */
  portMappings: z.optional(
    z.array(
      z.looseObject({
        /** 1 to 65535. */
        hostPort: z.int(),
        /** 1 to 65535; where the connection arrives inside. */
        containerPort: z.int(),
        /** `tcp` (default), `udp` or `sctp`. */
        protocol: z.optional(z.string()),
        /** Address of the host; any when empty. */
        hostIP: z.optional(z.string()),
      }),
    ),
  ),
  /** Ranges for the address plugin: one list of alternatives for each address. */
  ipRanges: z.optional(
    z.array(
      z.array(
        z.looseObject({
          /** CIDR the range lies in. */
          subnet: z.string(),
          /** First address. */
          rangeStart: z.optional(z.string()),
          /** Last address. */
          rangeEnd: z.optional(z.string()),
          /** Address of the gateway. */
          gateway: z.optional(z.string()),
        }),
      ),
    ),
  ),
  /** Limits, bits per second and bits. */
  bandwidth: z.optional(
    z.looseObject({
      /** Into the container, bits per second. */
      ingressRate: rate,
      /** Into the container, bits at once. */
      ingressBurst: rate,
      /** Out of the container, bits per second. */
      egressRate: rate,
      /** Out of the container, bits at once. */
      egressBurst: rate,
    }),
  ),
  /** Resolver settings that the runtime wants. */
  dns: z.optional(
    z.looseObject({
      /** Addresses of name servers. */
      servers: z.optional(z.array(z.string())),
      /** Search domains. */
      searches: z.optional(z.array(z.string())),
      /** Options, as in resolv.conf(5). */
      options: z.optional(z.array(z.string())),
    }),
  ),
  /** Addresses to give, as CIDR or plain. */
  ips: z.optional(z.array(z.string())),
  /** Link-layer address to give. */
  mac: z.optional(z.string()),
  /** InfiniBand GUID to give. */
  infinibandGUID: z.optional(z.string()),
  /** Device that was allocated for the container. */
  deviceID: z.optional(z.string()),
  /** Further names of the container. */
  aliases: z.optional(z.array(z.string())),
  /** Path of the pod's cgroup parent. */
  cgroupPath: z.optional(z.string()),
  /** All annotations of the pod; containerd and CRI-O send them, cri-dockerd does not. */
  'io.kubernetes.cri.pod-annotations': z.optional(z.record(z.string(), z.string())),
})

/** The well-known capabilities, as a plugin finds them below `runtimeConfig`. */
export type RuntimeConfig = z.infer<typeof runtimeConfigSchema>

/** Name of a well-known capability. */
export type CapabilityName = keyof typeof runtimeConfigSchema.shape

/**
 * The value of one capability, `undefined` when the runtime sent none. Keys in it may be spelled in
 * any case (containerd 1.6 writes `Servers`). Only this capability is looked at, so that a fault in
 * another does no harm. Throws a {@link CniError} of code 6 with the JSON path.
 */
export function capabilityOf<K extends CapabilityName>(
  conf: NetConf,
  name: K,
): RuntimeConfig[K] | undefined {
  const value = conf.runtimeConfig?.[name]
  if (value === undefined || value === null) return undefined
  const known = capabilityKeys[name]
  const folded = known == null ? value : foldKeys(value, known)
  // Checked inside the whole, so that the path in an error starts at the configuration.
  const schema = z.looseObject({
    runtimeConfig: z.looseObject({ [name]: runtimeConfigSchema.shape[name] }),
  })
  check(schema, { runtimeConfig: { [name]: folded } }, 'read capability')
  return folded as RuntimeConfig[K]
}

/**
 * The `runtimeConfig` that a runtime hands to an entry: of all it has, what the entry declares. When
 * that is nothing, `undefined`.
 */
export function runtimeConfigFor(
  plugin: PluginConf,
  available: JsonObject,
): JsonObject | undefined {
  const declared = Object.entries(available).filter(
    ([name]) =>
      plugin.capabilities !== undefined &&
      Object.hasOwn(plugin.capabilities, name) &&
      plugin.capabilities[name] === true,
  )
  return declared.length === 0 ? undefined : Object.fromEntries(declared)
}
