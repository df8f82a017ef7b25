import { extension, typeUrl, type ExtensionConfig, type Matcher, type OnMatch } from './shapes.ts'

const INPUTS = 'envoy.extensions.matching.common_inputs.network.v3'

/** Where a connection goes when it arrives at a leaf: the filter chain of this name. */
export function chain(name: string): OnMatch {
  return {
    action: {
      name: 'chain',
      typed_config: { '@type': typeUrl('google.protobuf.StringValue'), value: name },
    },
  }
}

/** By original destination port, else `otherwise`. */
export function byDestinationPort(
  ports: ReadonlyMap<number, OnMatch>,
  otherwise: OnMatch,
): OnMatch {
  const entries = [...ports].sort(([left], [right]) => left - right)
  return exact(
    input('destination-port', 'DestinationPortInput'),
    new Map(entries.map(([port, then]) => [String(port), then])),
    otherwise,
  )
}

/** By original destination address (a trie in Envoy, so its cost does not grow with the list). */
export function byDestinationAddress(
  addresses: readonly string[],
  inside: OnMatch,
  outside: OnMatch,
): OnMatch {
  if (addresses.length === 0) return outside
  const ranges = addresses.map(range)
  return {
    matcher: {
      matcher_tree: {
        input: input('destination-ip', 'DestinationIPInput'),
        custom_match: extension(
          'envoy.matching.custom_matchers.trie_matcher',
          'xds.type.matcher.v3.IPMatcher',
          { range_matchers: [{ ranges, on_match: inside }] },
        ),
      },
      on_no_match: outside,
    },
  }
}

/** TLS by the client's ALPN list as a whole, and what is not TLS. */
export function byTransport(tls: OnMatch, raw: OnMatch): OnMatch {
  return exact(input('transport', 'TransportProtocolInput'), new Map([['tls', tls]]), raw)
}

/**
 * By application protocol: what the HTTP inspector saw, or the client's ALPN list. Envoy renders the
 * list as quoted names with commas between, so a key here is one that offers exactly this name.
 */
export function byApplicationProtocol(
  protocols: ReadonlyMap<string, OnMatch>,
  otherwise: OnMatch,
): OnMatch {
  return exact(
    input('application-protocol', 'ApplicationProtocolInput'),
    new Map([...protocols].map(([protocol, then]) => [`'${protocol}'`, then])),
    otherwise,
  )
}

/** The matcher of a listener from its first step. */
export function rootMatcher(step: OnMatch): Matcher {
  return 'matcher' in step ? step.matcher : { on_no_match: step }
}

function exact(
  on: ExtensionConfig,
  map: ReadonlyMap<string, OnMatch>,
  otherwise: OnMatch,
): OnMatch {
  if (map.size === 0) return otherwise
  return {
    matcher: {
      matcher_tree: { input: on, exact_match_map: { map: Object.fromEntries(map) } },
      on_no_match: otherwise,
    },
  }
}

function input(name: string, message: string): ExtensionConfig {
  return extension(name, `${INPUTS}.${message}`)
}

function range(address: string): { address_prefix: string; prefix_len: number } {
  const [prefix = '', length] = address.split('/')
  const whole = prefix.includes(':') ? 128 : 32
  return { address_prefix: prefix, prefix_len: length === undefined ? whole : Number(length) }
}
