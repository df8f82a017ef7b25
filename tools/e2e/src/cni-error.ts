import { type Finished } from '@proxy/testkit'

/** An error as the CNI specification has plugins print it. */
export interface PrintedError {
  readonly code: number
  readonly msg: string
  readonly details?: string
}

/** The error that a failed verb printed; throws when standard output is anything else. */
export function printedError({ exitCode, stdout, stderr }: Finished): PrintedError {
  if (exitCode === 0) throw new Error(`the call succeeded: ${stdout}`)
  const parsed: unknown = JSON.parse(stdout)
  const { code, msg } = parsed as Partial<PrintedError>
  if (typeof code !== 'number' || typeof msg !== 'string') {
    throw new Error(`not a CNI error: ${stdout} ${stderr}`)
  }
  return parsed as PrintedError
}
