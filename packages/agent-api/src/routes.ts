import {
  type AddRequest,
  type AddResponse,
  apiVersion,
  type CheckRequest,
  type CheckResponse,
  type DelRequest,
  type DelResponse,
  type ExplainRequest,
  type ExplainResponse,
  type GcRequest,
  type GcResponse,
  type SidecarsResponse,
  type StatusResponse,
  type VersionResponse,
} from './types.ts'

/** The operations of the protocol. */
export const operations = [
  'add',
  'del',
  'check',
  'gc',
  'status',
  'sidecars',
  'explain',
  'version',
] as const

/** See {@link operations}. */
export type Operation = (typeof operations)[number]

/** What each operation takes; GET operations take nothing. */
export interface Requests {
  add: AddRequest
  del: DelRequest
  check: CheckRequest
  gc: GcRequest
  status: undefined
  sidecars: undefined
  explain: ExplainRequest
  version: undefined
}

/** What each operation answers. */
export interface Responses {
  add: AddResponse
  del: DelResponse
  check: CheckResponse
  gc: GcResponse
  status: StatusResponse
  sidecars: SidecarsResponse
  explain: ExplainResponse
  version: VersionResponse
}

/** How an operation is called. */
export interface Route {
  /** HTTP method: GET has no body. */
  readonly method: 'GET' | 'POST'
  /** Path without query. */
  readonly path: string
}

function post(name: Operation): Route {
  return { method: 'POST', path: `/${apiVersion}/${name}` }
}

function get(name: Operation): Route {
  return { method: 'GET', path: `/${apiVersion}/${name}` }
}

/** Where each operation lives; both sides use this table. */
export const routes: Readonly<Record<Operation, Route>> = {
  add: post('add'),
  del: post('del'),
  check: post('check'),
  gc: post('gc'),
  status: get('status'),
  sidecars: get('sidecars'),
  explain: post('explain'),
  version: get('version'),
}

/** Answers 200 while the process serves requests at all. */
export const livenessPath = '/healthz'

/** Answers 200 while the agent takes new pods, and 503 otherwise. */
export const readinessPath = '/readyz'

/** The header by which a client tells how many milliseconds it will wait. */
export const deadlineHeader = 'x-deadline-ms'

/** The largest body either side reads, in bytes: annotations of a pod are at most 256 KiB. */
export const maxBodyBytes = 1_048_576

/** The largest answer a client reads, in bytes: thousands of sidecars. */
export const maxResponseBytes = 16_777_216

/** The longest deadline a client can ask for, in milliseconds. */
export const maxDeadlineMs = 60_000
