/** A decoded JSON object. Numbers JavaScript cannot hold are kept as `JSON.rawJSON` values. */
export type JsonObject = Record<string, unknown>

/** Whether `value` is an object with keys: neither null, nor an array, nor a primitive. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// https://tc39.es/proposal-json-parse-with-source/, in every Node and Bun this package supports.
interface JsonWithSource {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
  rawJSON(text: string): unknown
}

/** Only a text with one of these can hold a number that a double does not. */
const mayLoseDigits = /[\d.]{16}|\d[eE]|-0/

/**
 * Parses JSON without losing digits: a number that a double cannot hold becomes a `JSON.rawJSON`
 * value, which `JSON.stringify` writes as it was read. Throws a `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  if (!mayLoseDigits.test(text)) return JSON.parse(text)
  const json = JSON as unknown as JsonWithSource
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && !isExact(value, source)
      ? json.rawJSON(source)
      : value,
  )
}

/** Whether writing `value` gives the number that `source` spells, be it in other letters. */
function isExact(value: number, source: string): boolean {
  return Number.isFinite(value) && digitsOf(JSON.stringify(value)) === digitsOf(source)
}

/** One spelling for each number: sign, digits without zeros at either end, power of ten. */
function digitsOf(number: string): string {
  const [mantissa = '', exponent = '0'] = number.toLowerCase().split('e')
  const sign = mantissa.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.')
  const all = whole + fraction
  let start = 0
  while (all[start] === '0') start++
  let end = all.length
  // Not by /0+$/, which takes quadratic time for many zeros in the middle.
  while (end > start && all[end - 1] === '0') end--
  const digits = all.slice(start, end)
  if (digits === '') return `${sign}0`
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(all.length - end)
  return `${sign}${digits}e${power}`
}
