import { NetnsError } from './error.ts'

const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9_.:@-]*$/
const VALUE = /^[A-Za-z0-9_,.:;/\t -]{1,4096}$/

/**
 * The file of a setting. A key is `net`, then names between dots (`net.ipv4.ip_forward`), or, where
 * an interface has a dot in its name, between slashes (`net/ipv4/conf/eth0.100/rp_filter`), as in
 * sysctl(8). Throws `invalid-argument`.
 */
export function sysctlPath(key: string): string {
  const segments = key.split(key.includes('/') ? '/' : '.')
  const valid = segments.every((segment) => SEGMENT.test(segment))
  if (segments[0] === 'net' && segments.length >= 3 && valid && key.length <= 256) {
    return `/proc/sys/${segments.join('/')}`
  }
  throw new NetnsError(
    'invalid-argument',
    `sysctl ${JSON.stringify(key)}: give a key like net.ipv4.ip_forward`,
  )
}

/** Checks a value: one line of letters, digits and the separators settings use. */
export function checkSysctlValue(key: string, value: string): void {
  if (VALUE.test(value)) return
  throw new NetnsError(
    'invalid-argument',
    `sysctl ${key}: ${JSON.stringify(value.slice(0, 80))} cannot be the value of a setting`,
  )
}
