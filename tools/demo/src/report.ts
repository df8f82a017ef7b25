import { type Proof } from './proof/proof.ts'

/** Everything the demo has found out. */
export interface Report {
  readonly ok: boolean
  readonly durationSeconds: number
  readonly proofs: readonly Proof[]
}

export function reportOf(proofs: readonly Proof[], durationMs: number): Report {
  const durationSeconds = Math.round(durationMs / 100) / 10
  return { ok: proofs.every(({ holds }) => holds), durationSeconds, proofs }
}

/** One proof for people. */
export function renderProof({ holds, claim, evidence }: Proof): string {
  return [
    `${holds ? 'PROVED' : 'FAILED'}  ${claim}`,
    ...evidence.map((line) => `        ${line}`),
  ].join('\n')
}

/** The last lines for people: what it means, or what did not hold. */
export function renderSummary({ ok, durationSeconds, proofs }: Report, kept: boolean): string {
  if (!ok) {
    const failed = proofs.filter(({ holds }) => !holds)
    const reasons = failed.map(({ claim, evidence }) => `  ${claim}: ${evidence[0] ?? 'no reason'}`)
    return [`The demo failed after ${durationSeconds} s. What does not hold:`, ...reasons].join(
      '\n',
    )
  }
  return [
    `All ${proofs.length} claims hold (${durationSeconds} s).`,
    'Four programs that know nothing of proxies talked mutual TLS to each other: the CNI plugin had',
    'their traffic redirected, and the node agent put an Envoy, which is in no pod spec, into each',
    `pod's network namespace.${kept ? '' : ' Taking the pods down took all of it away again.'}`,
  ].join('\n')
}
