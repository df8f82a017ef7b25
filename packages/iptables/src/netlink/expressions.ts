import { type Family } from '../model/family.ts'
import {
  attribute,
  comparison,
  connectionKey,
  lookupInverted,
  metaKey,
  payloadBase,
  portSpecified,
  protocolFamily,
  register,
  socketKey,
  verdictCode,
} from './constants.ts'
import { networkBytes16 } from './byte-order.ts'
import { type NetlinkWriter } from './writer.ts'

/** Writes expressions of one rule, each as the next element of its list. */
export interface ExpressionWriter {
  /** Loads a property of the packet into the register. */
  meta(key: keyof typeof metaKey): void
  /** Loads a property of the connection into the register. */
  connection(key: keyof typeof connectionKey): void
  /** Loads a property of the socket that the packet is for into the register. */
  socket(key: keyof typeof socketKey): void
  /** Loads bytes of a header into the register. */
  payload(base: keyof typeof payloadBase, offset: number, length: number): void
  /** Clears bits of the register. */
  mask(mask: Uint8Array): void
  /** Goes on when the register holds, or does not hold, the value. */
  compare(value: Uint8Array, negate: boolean): void
  /** Goes on when the register is, or is not, in the set. */
  lookup(set: string, negate: boolean): void
  /** Counts packets and bytes. */
  counter(): void
  /** Leaves the chain. */
  leave(): void
  /** Goes to another chain. */
  jump(chain: string): void
  /** Throws the packet away. */
  drop(): void
  /** Lets the packet pass this hook. */
  accept(): void
  /** Redirects to a port of this machine. */
  redirect(port: number): void
  /** Hands the packet to the transparent socket on the port, or ends the rule without one. */
  tproxy(port: number, family?: Family): void
  /** Loads a value into the register. */
  load(value: Uint8Array): void
  /** Stores the register in a property of the packet. */
  setMeta(key: 'mark'): void
  /** Stores the register in a property of the connection. */
  setConnection(key: 'mark' | 'zone'): void
}

/** The writer of expressions into `writer`, which is inside the list of a rule. */
export function expressionWriter(writer: NetlinkWriter): ExpressionWriter {
  const expression = (name: string, body: () => void): void => {
    writer.nest(attribute.list.element, () => {
      writer.text(attribute.expression.name, name)
      writer.nest(attribute.expression.data, body)
    })
  }
  const data = (type: number, value: Uint8Array): void => {
    writer.nest(type, () => writer.bytes(attribute.data.value, value))
  }
  const load = (value: Uint8Array): void => {
    expression('immediate', () => {
      writer.number(attribute.immediate.register, register.first)
      data(attribute.immediate.data, value)
    })
  }
  const verdict = (code: number, chain?: string): void => {
    expression('immediate', () => {
      writer.number(attribute.immediate.register, register.verdict)
      writer.nest(attribute.immediate.data, () => {
        writer.nest(attribute.data.verdict, () => {
          writer.number(attribute.verdict.code, code)
          if (chain !== undefined) writer.text(attribute.verdict.chain, chain)
        })
      })
    })
  }
  return {
    meta: (key) =>
      expression('meta', () => {
        writer.number(attribute.meta.key, metaKey[key])
        writer.number(attribute.meta.register, register.first)
      }),
    connection: (key) =>
      expression('ct', () => {
        writer.number(attribute.connection.key, connectionKey[key])
        writer.number(attribute.connection.register, register.first)
      }),
    socket: (key) =>
      expression('socket', () => {
        writer.number(attribute.socket.key, socketKey[key])
        writer.number(attribute.socket.register, register.first)
      }),
    payload: (base, offset, length) =>
      expression('payload', () => {
        writer.number(attribute.payload.register, register.first)
        writer.number(attribute.payload.base, payloadBase[base])
        writer.number(attribute.payload.offset, offset)
        writer.number(attribute.payload.length, length)
      }),
    mask: (mask) =>
      expression('bitwise', () => {
        writer.number(attribute.bitwise.source, register.first)
        writer.number(attribute.bitwise.register, register.first)
        writer.number(attribute.bitwise.length, mask.length)
        data(attribute.bitwise.mask, mask)
        data(attribute.bitwise.xor, new Uint8Array(mask.length))
      }),
    compare: (value, negate) =>
      expression('cmp', () => {
        writer.number(attribute.compare.register, register.first)
        const operation = negate ? comparison.notEqual : comparison.equal
        writer.number(attribute.compare.operation, operation)
        data(attribute.compare.data, value)
      }),
    lookup: (set, negate) =>
      expression('lookup', () => {
        writer.text(attribute.lookup.set, set)
        writer.number(attribute.lookup.register, register.first)
        if (negate) writer.number(attribute.lookup.flags, lookupInverted)
      }),
    counter: () => expression('counter', () => undefined),
    leave: () => verdict(verdictCode.return),
    jump: (chain) => verdict(verdictCode.jump, chain),
    drop: () => verdict(verdictCode.drop),
    accept: () => verdict(verdictCode.accept),
    load,
    tproxy: (port, family) => {
      load(networkBytes16(port))
      // nft refuses to load a rule for one family that leaves it out here, though it lists it so.
      // Family 0 is "as the packet's", which no address may go with.
      expression('tproxy', () => {
        writer.number(attribute.tproxy.family, family === undefined ? 0 : protocolFamily[family])
        writer.number(attribute.tproxy.port, register.first)
      })
    },
    setMeta: (key) =>
      expression('meta', () => {
        writer.number(attribute.meta.key, metaKey[key])
        writer.number(attribute.meta.source, register.first)
      }),
    setConnection: (key) =>
      expression('ct', () => {
        writer.number(attribute.connection.key, connectionKey[key])
        writer.number(attribute.connection.source, register.first)
      }),
    redirect: (port) => {
      load(networkBytes16(port))
      expression('redir', () => {
        writer.number(attribute.redirect.portMin, register.first)
        writer.number(attribute.redirect.flags, portSpecified)
      })
    },
  }
}
