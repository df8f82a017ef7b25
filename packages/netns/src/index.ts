// Which namespace
export {
  isNetns,
  netnsIdentity,
  netnsOfPid,
  openNetns,
  ownNetns,
  sameNetns,
  type NetnsHandle,
  type NetnsIdentity,
  type NetnsSource,
} from './identity.ts'

// Pins
export { listNetns, pinNetns, unpinNetns, type NetnsEntry, type PinnedNetns } from './pin.ts'
export { preparePinDirectory, releasePinDirectory } from './pin-directory.ts'

// Inside a namespace
export { startNetnsHelper, type NetnsHelperOptions } from './start-helper.ts'
export {
  type CallOptions,
  type CommandOutput,
  type CommandRunnerOptions,
  type NetlinkConnection,
  type NetlinkProtocol,
  type NetnsCommandRunner,
  type NetnsHelper,
  type NetnsSysctl,
} from './netns-helper.ts'
export { type InterfaceAddress } from './netlink/address.ts'
export { type Link } from './netlink/link.ts'
export { type Listener } from './netlink/listener.ts'
export { type HelperStats } from './protocol.ts'

// Errors
export { NetnsError, type NetnsErrorCode } from './error.ts'
