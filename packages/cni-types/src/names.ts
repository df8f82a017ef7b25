import { CniError, cniErrorCodes } from './error.ts'

const name = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** Whether `text` has the letters that network names and container ids are made of. */
export function isCniName(text: string): boolean {
  return name.test(text)
}

/** Throws a {@link CniError}: code 3 when `id` is empty, code 4 when it has other letters. */
export function checkContainerId(id: string): void {
  if (id === '') throw new CniError(cniErrorCodes.unknownContainer, 'missing containerID')
  if (!isCniName(id)) {
    throw new CniError(cniErrorCodes.invalidEnvironment, 'invalid characters in containerID', id)
  }
}

/** Throws a {@link CniError} of code 7 when `network` is empty or has other letters. */
export function checkNetworkName(network: string): void {
  if (network === '') throw new CniError(cniErrorCodes.invalidNetworkConfig, 'missing network name')
  if (!isCniName(network)) {
    throw new CniError(
      cniErrorCodes.invalidNetworkConfig,
      'invalid characters found in network name',
      network,
    )
  }
}

const longestIfname = 15

/** Throws a {@link CniError} of code 4 when the kernel would not take `ifname` for an interface. */
export function checkIfname(ifname: string): void {
  const fail = (msg: string, details?: string): never => {
    throw new CniError(cniErrorCodes.invalidEnvironment, msg, details)
  }
  if (ifname === '') fail('interface name is empty')
  if (new TextEncoder().encode(ifname).length > longestIfname) {
    fail(
      'interface name is too long',
      `interface name should be less than ${longestIfname + 1} characters`,
    )
  }
  if (ifname === '.' || ifname === '..') fail('interface name is . or ..')
  // \s has U+FEFF, which is no white space of Unicode, and lacks U+0085, which is.
  if (/[/:\u0085]|(?!\ufeff)\s/.test(ifname)) {
    fail('interface name contains / or : or whitespace characters')
  }
}
