import { InvalidArgumentError, type Command, Option } from 'commander'

import { explain } from '../explain/explain.ts'
import { type Packet } from '../explain/packet.ts'
import { parseAddress } from '../model/address.ts'
import { type RuleSet } from '../model/rule-set.ts'
import { plan } from '../plan/plan.ts'
import { type ExitCode, exitCodes, UsageError } from './exit-code.ts'
import { readDump } from './dump.ts'
import { readWanted } from './input.ts'
import { type CommandIo } from './io.ts'
import { type Options, outputOf } from './istio-options.ts'
import { jsonText, visible } from './output.ts'

/** Adds the options that describe a packet. */
export function addPacketOptions(command: Command): void {
  const group = 'The packet:'
  const add = (option: Option): void => void command.addOption(option.helpGroup(group))
  add(
    new Option('--direction <way>', 'from outside, or made here')
      .choices(['inbound', 'outbound'])
      .makeOptionMandatory(),
  )
  add(
    new Option('--protocol <name>', 'of the packet')
      .choices(['tcp', 'udp', 'other'])
      .default('tcp'),
  )
  add(new Option('--source <address>', 'where it is from').argParser(address).makeOptionMandatory())
  add(
    new Option('--destination <address>', 'where it goes').argParser(address).makeOptionMandatory(),
  )
  add(new Option('--source-port <port>', 'for tcp and udp').argParser(number(65_535)))
  add(new Option('--destination-port <port>', 'for tcp and udp').argParser(number(65_535)))
  add(new Option('--interface <name>', 'that it came in by or leaves by').default('eth0'))
  add(new Option('--uid <number>', 'of the sender').argParser(number(4_294_967_294)))
  add(new Option('--gid <number>', 'of the sender').argParser(number(4_294_967_294)))
  add(new Option('--mark <number>', 'of the packet').argParser(number(0xffff_ffff)))
}

/** Walks a packet through the rules that are wanted, or through those of a dump. */
export async function explainCommand(io: CommandIo, options: Options): Promise<ExitCode> {
  const packet = packetOf(options)
  const { verdict, port, steps } = explain(await rulesFor(io, options, packet), packet)
  if (outputOf(options) === 'json') {
    io.stdout(
      jsonText({
        verb: 'explain',
        packet,
        verdict,
        ...(port === undefined ? {} : { port }),
        steps,
      }),
    )
    return exitCodes.ok
  }
  const lines = steps.map(({ chain, rule, words }) => `  ${chain} ${rule}: ${words}`)
  const end = port === undefined ? verdict : `${verdict} by port ${port}`
  io.stdout(`${[end, ...lines].map(visible).join('\n')}\n`)
  return exitCodes.ok
}

async function rulesFor(io: CommandIo, options: Options, packet: Packet): Promise<RuleSet> {
  if (options['compat'] === 'istio') {
    throw new UsageError('explain knows our own form only: leave --compat istio out')
  }
  const dump = options['dump'] as string | undefined
  if (dump !== undefined) return (await readDump(io, dump, packet.family)).rules
  const wanted = await readWanted(io, options, { isFound: true })
  if (wanted.form === 'istio') throw new TypeError('unreachable: --compat istio was refused')
  return plan(wanted.spec)
}

function packetOf(options: Options): Packet {
  const source = String(options['source'])
  const destination = String(options['destination'])
  const family = parseAddress(source)?.family ?? 'ipv4'
  if (parseAddress(destination)?.family !== family) {
    throw new UsageError('--source and --destination must be of one family')
  }
  const optional = ['sourcePort', 'destinationPort', 'uid', 'gid', 'mark']
    .filter((name) => options[name] !== undefined)
    .map((name) => [name, Number(options[name])])
  return {
    direction: options['direction'] as Packet['direction'],
    family,
    protocol: options['protocol'] as Packet['protocol'],
    source,
    destination,
    interface: String(options['interface']),
    ...(Object.fromEntries(optional) as Partial<Packet>),
  }
}

function address(text: string): string {
  if (parseAddress(text) !== undefined) return text
  throw new InvalidArgumentError('It must be an address such as 10.0.0.1 or fd00::1.')
}

function number(most: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text)
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${most}.`)
  }
}
