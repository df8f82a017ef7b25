export { dispatch } from './dispatch.ts'
export { type CniIo, type TextSink } from './io.ts'
export { type CniCall, type CniCommand, type CniPlugin } from './plugin.ts'
