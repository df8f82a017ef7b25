import { CertsError } from '../error.ts'

/** Text of a file in PEM and the path that errors name. */
export interface PemInput {
  /** Whole content of the file. */
  readonly text: string
  /** Absolute path, or another name that tells the reader where the text comes from. */
  readonly file: string
}

const beginMark = '-----BEGIN '
const markEnd = '-----'
const maxLabelLength = 40
const certificateLabel = 'CERTIFICATE'
const keyLabels: ReadonlySet<string> = new Set(['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY'])

interface PemBlock {
  readonly label: string
  readonly text: string
}

/**
 * The certificates of a file, in order, one PEM text each. Text around the blocks is ignored.
 *
 * Throws `pem-invalid` when there is none, when there are more than `limit`, when one is cut off,
 * and when the file holds something else, a private key before all.
 */
export function certificateBlocks(input: PemInput, limit: number): readonly [string, ...string[]] {
  const blocks = blocksOf(input)
  for (const { label } of blocks) {
    if (label !== certificateLabel) {
      throw invalid(input, `holds a block "${label}"; keep nothing but certificates in this file`)
    }
  }
  const [first, ...rest] = blocks.map((block) => block.text)
  if (first === undefined) throw invalid(input, 'holds no certificate; write one in PEM')
  if (rest.length >= limit) {
    throw invalid(input, `holds ${rest.length + 1} certificates; at most ${limit} are read`)
  }
  return [first, ...rest]
}

/**
 * The one private key of a file, PEM.
 *
 * Throws `pem-invalid` when there is none or more than one, and when it is encrypted.
 */
export function privateKeyBlock(input: PemInput): string {
  const blocks = blocksOf(input).filter((block) => block.label !== 'EC PARAMETERS')
  for (const { label } of blocks) {
    if (label === 'ENCRYPTED PRIVATE KEY') {
      throw invalid(input, 'is encrypted; write the key without a passphrase')
    }
    if (!keyLabels.has(label)) {
      throw invalid(
        input,
        `holds a block "${label}"; keep nothing but the private key in this file`,
      )
    }
  }
  const [key, ...others] = blocks
  if (key === undefined) throw invalid(input, 'holds no private key; write one in PEM')
  if (others.length > 0) throw invalid(input, 'holds more than one private key; keep one')
  if (key.text.includes('Proc-Type: 4,ENCRYPTED')) {
    throw invalid(input, 'is encrypted; write the key without a passphrase')
  }
  return key.text
}

/** PEM of DER, with lines of 64 characters and a newline at the end. */
export function pemOf(label: string, der: ArrayBuffer | Uint8Array): string {
  const base64 = Buffer.from(der instanceof Uint8Array ? der : new Uint8Array(der)).toString(
    'base64',
  )
  const lines = base64.match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** One pass over the text: a file full of opening lines costs no more than any other. */
function blocksOf(input: PemInput): readonly PemBlock[] {
  const { text } = input
  const blocks: PemBlock[] = []
  let begin = text.indexOf(beginMark)
  while (begin !== -1) {
    const labelStart = begin + beginMark.length
    const label = labelAt(input, labelStart)
    const endLine = `-----END ${label}${markEnd}`
    const nextBegin = text.indexOf(beginMark, labelStart)
    const end = text.slice(labelStart, nextBegin === -1 ? undefined : nextBegin).indexOf(endLine)
    if (end === -1) throw cutOff(input)
    blocks.push({ label, text: `${text.slice(begin, labelStart + end + endLine.length)}\n` })
    begin = nextBegin
  }
  return blocks
}

function labelAt(input: PemInput, start: number): string {
  const line = input.text.slice(start, start + maxLabelLength + markEnd.length)
  const [label] = line.split(markEnd, 1)
  if (label === undefined || label === line || !/^[A-Z0-9 ]+$/.test(label)) throw cutOff(input)
  return label
}

function cutOff(input: PemInput): CertsError {
  return invalid(input, 'is cut off inside a PEM block; write the file again, whole')
}

function invalid(input: PemInput, problem: string): CertsError {
  return new CertsError('pem-invalid', `read ${input.file}: the file ${problem}`, {
    file: input.file,
  })
}
