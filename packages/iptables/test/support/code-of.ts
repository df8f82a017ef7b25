import { IptablesError } from '../../src/index.ts'

/** The code of the error of ours that it throws; `none` when it throws nothing. Others pass. */
export function codeOf(action: () => unknown): string {
  try {
    action()
    return 'none'
  } catch (error) {
    if (error instanceof IptablesError) return error.code
    throw error
  }
}
