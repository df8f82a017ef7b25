import { type DecideInput, type RedirectRequest } from '../src/index.ts'

/** A pod without annotations under the default configuration, unless changed. */
export function inputOf(change: Partial<DecideInput> = {}): DecideInput {
  return {
    pod: { namespace: 'shop', name: 'reviews-1' },
    conf: {},
    annotations: {},
    selection: () => undefined,
    ...change,
  }
}

/** A selection callback that fails the test when it is called. */
export function neverRead(): never {
  throw new Error('the selection file was read')
}

/** The redirection of a pod that nothing is said about. */
export const defaultRedirect: RedirectRequest = {
  mode: 'REDIRECT',
  families: ['ipv4', 'ipv6'],
  includeInboundPorts: '*',
  excludeInboundPorts: [15_020, 15_021, 15_090],
  includeOutboundPorts: [],
  excludeOutboundPorts: [15_020],
  includeOutboundCidrs: '*',
  excludeOutboundCidrs: [],
  excludeInterfaces: [],
}
