import { addressBits, parseAddress } from '../model/address.ts'
import { cidrOf, covers } from '../model/cidr.ts'

/** Addresses by which nobody reaches the pod; `::6` is there because of an earlier run. */
const unusable = [
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/24',
  '::1/128',
  '::6/128',
  'fe80::/10',
  'ff02::/16',
].map((text) => cidrOf(text))

/**
 * Whether `istio-iptables` would make rules for IPv6 in a pod with these addresses, in the order in
 * which its interfaces have them: when the first one is of IPv6, or with `isDualStack` any.
 */
export function istioEnablesIpv6(addresses: readonly string[], isDualStack: boolean): boolean {
  const families = addresses.flatMap((text) => {
    const address = parseAddress(text)
    if (address === undefined) return []
    const block = { ...address, prefix: addressBits[address.family] }
    return unusable.some((outer) => covers(outer, block)) ? [] : [address.family]
  })
  return isDualStack ? families.includes('ipv6') : families[0] === 'ipv6'
}
