import { formatCidr, parseCidr } from '../model/cidr.ts'
import { type Family } from '../model/family.ts'

/** Numbers of the users and groups that rules may name; the kernel knows numbers only. */
export interface OwnerIds {
  /** The number of the user; undefined when there is no such user. */
  readonly uid: (name: string) => number | undefined
  /** The number of the group; undefined when there is no such group. */
  readonly gid: (name: string) => number | undefined
}

/** Without names of users or groups: numbers are all that rules may have. */
export const noOwnerNames: OwnerIds = { uid: () => undefined, gid: () => undefined }

/**
 * One text per meaning of a rule, whether it comes from a plan or from `iptables-save`: what the
 * kernel adds, clears or writes in another way is gone. Words are those behind the chain.
 */
export function normalRule(words: readonly string[], family: Family, ids: OwnerIds): string {
  const at = words.findIndex((word) => word === '-j' || word === '-g')
  const split = at < 0 ? words.length : at
  const conditions = conditionsOf(words.slice(0, split), ids)
  return [...conditions.sort(), ...targetOf(words.slice(split), family)].join(' ')
}

/** Modules that only announce the options behind them. */
const announced: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'multiport',
  'owner',
  'mark',
  'connmark',
  'conntrack',
  'comment',
])

function conditionsOf(words: readonly string[], ids: OwnerIds): string[] {
  const conditions: string[] = []
  let module = ''
  for (let at = 0; at < words.length; at++) {
    const isNot = words[at] === '!'
    if (isNot) at++
    const option = words[at] ?? ''
    const value = words[at + 1] ?? ''
    if (option === '-m' && !isNot && announced.has(value)) {
      module = value
      at++
      continue
    }
    const known = valueOf(option, value, isNot, ids)
    if (known === '') at++
    if (known === '') continue
    const not = isNot ? '! ' : ''
    // `--mark` is an option of two modules, which mean different marks.
    const of = option === '--mark' ? `${module} ` : ''
    conditions.push(known === undefined ? `${not}${option}` : `${not}${of}${option} ${known}`)
    if (known !== undefined) at++
  }
  return conditions
}

/** The value in its one form; empty when the condition always holds, undefined when unknown. */
function valueOf(option: string, value: string, isNot: boolean, ids: OwnerIds): string | undefined {
  switch (option) {
    case '-i':
    case '-o':
    case '-p':
    case '--comment':
    case '--sport':
    case '--sports':
    case '--dport':
    case '--dports':
      return value
    case '-s':
    case '-d': {
      const cidr = parseCidr(value)
      return cidr === undefined ? value : cidr.prefix === 0 && !isNot ? '' : formatCidr(cidr)
    }
    case '--uid-owner':
      return String(ids.uid(value) ?? value)
    case '--gid-owner':
      return String(ids.gid(value) ?? value)
    case '--mark':
      return maskless(value)
    case '--ctstate':
      return value.split(',').sort().join(',')
    default:
      return undefined
  }
}

function targetOf(words: readonly string[], family: Family): readonly string[] {
  const [flag, target] = words
  if (flag !== '-j' || target === undefined) return words
  const options = new Map<string, string>()
  for (let at = 2; at < words.length; at++) {
    const option = words[at] ?? ''
    const next = words[at + 1]
    const value = next === undefined || next.startsWith('--') ? '' : next
    if (value !== '') at++
    const [name, normal] = targetOption(option, value)
    options.set(name, normal)
  }
  if (target === 'TPROXY' && !options.has('--on-ip')) {
    options.set('--on-ip', family === 'ipv4' ? '0.0.0.0' : '::')
  }
  if (target === 'CONNMARK') {
    // What the kernel writes down when no mask was given.
    for (const mask of ['--nfmask', '--ctmask']) {
      if (options.get(mask) === '0xffffffff') options.delete(mask)
    }
  }
  const texts = [...options].map(([option, value]) => `${option} ${value}`.trimEnd())
  return [`-j ${target}`, ...texts.sort()]
}

function targetOption(option: string, value: string): readonly [string, string] {
  switch (option) {
    case '--to-port':
      return ['--to-ports', value]
    case '--set-mark':
      return ['--set-xmark', maskless(value)]
    case '--set-xmark':
    case '--tproxy-mark':
      return [option, maskless(value)]
    default:
      return [option, value]
  }
}

/** A mark in hexadecimal; a mask of all bits is as good as none. */
function maskless(text: string): string {
  const [value = '', mask] = text.split('/').map((part) => hex(part))
  return mask === undefined || mask === '0xffffffff' ? value : `${value}/${mask}`
}

function hex(text: string): string {
  const value = Number(text)
  return Number.isInteger(value) ? `0x${value.toString(16)}` : text
}
