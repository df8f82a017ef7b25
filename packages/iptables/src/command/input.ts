import { type IstioConfig } from '../istio/config.ts'
import { type OwnerIds } from '../istio/normal-form.ts'
import { parseIstioConfig } from '../istio/parse-config.ts'
import { parseRedirectSpec, type RedirectSpec } from '../spec/redirect-spec.ts'
import { istioOfSpec, specOfIstio } from './convert.ts'
import { readText } from './dump.ts'
import { UsageError } from './exit-code.ts'
import { type CommandIo } from './io.ts'
import { hasIstioFlags, hasIstioVariables, type Options, settingsOf } from './istio-options.ts'
import { findOwnerIds, findSurroundings } from './surroundings.ts'

/** What to capture: in Istio's form, or in ours. */
export type Wanted =
  | { readonly form: 'istio'; readonly config: IstioConfig }
  | { readonly form: 'own'; readonly spec: RedirectSpec }

/** How what to capture is read. */
export interface InputOptions {
  /** Whether what no flag states is looked up on this machine. */
  readonly isFound: boolean
  /** Whether standard input is for something else. Default false. */
  readonly isStdinTaken?: boolean
}

/**
 * Reads what to capture: a specification from `--spec`, Istio's flags and variables, or a
 * specification from standard input, whichever there is first. What no flag states is looked up on this machine when `isFound`, and is nothing
 * otherwise.
 */
export async function readWanted(
  io: CommandIo,
  options: Options,
  { isFound, isStdinTaken = false }: InputOptions,
): Promise<Wanted> {
  const isIstio = options['compat'] === 'istio'
  const text = await specText(isStdinTaken ? withoutStdin(io) : io, options, isIstio)
  if (text !== undefined) {
    const spec = parseRedirectSpec(jsonOf(text))
    return isIstio ? { form: 'istio', config: istioOfSpec(spec) } : { form: 'own', spec }
  }
  const settings = settingsOf(options, io.env)
  const around = isFound ? await findSurroundings(io) : {}
  const config = parseIstioConfig(settings, around)
  if (isIstio) return { form: 'istio', config }
  const ids: OwnerIds | undefined = isFound ? await findOwnerIds(io) : undefined
  return { form: 'own', spec: specOfIstio(config, ids) }
}

/** The specification as text; undefined when flags and variables say what to capture. */
async function specText(
  io: CommandIo,
  options: Options,
  isIstio: boolean,
): Promise<string | undefined> {
  const path = options['spec'] as string | undefined
  const hasFlags = hasIstioFlags(options)
  if (path !== undefined && hasFlags) {
    throw new UsageError("--spec and Istio's flags cannot be given together: use one of them")
  }
  if (path !== undefined) return await readText(io, path)
  if (hasFlags || hasIstioVariables(io.env)) return undefined
  if (isIstio) return await specOrNothing(io)
  if (io.stdin.isTerminal) {
    throw new UsageError("give a specification by --spec or standard input, or Istio's flags")
  }
  return await io.stdin.read()
}

function withoutStdin(io: CommandIo): CommandIo {
  const read = (): Promise<string> => {
    const words =
      "standard input has the dump: give the specification by --spec FILE or Istio's flags"
    return Promise.reject(new UsageError(words))
  }
  return { ...io, stdin: { isTerminal: false, read } }
}

/** How long a silent standard input is waited for, where it need not say anything. */
const silenceMs = 2000

/** In Istio's form no flags at all have a meaning too: those of a pod that wants nothing. */
async function specOrNothing(io: CommandIo): Promise<string | undefined> {
  const text = io.stdin.isTerminal ? '' : await io.stdin.read(silenceMs)
  return text.trim() === '' ? undefined : text
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError('the specification is not JSON', { cause: error })
  }
}
