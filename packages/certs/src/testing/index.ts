export { memoryCa } from './memory-ca.ts'
export { type MemoryCaOptions } from './memory-ca.ts'
