import { lstat } from 'node:fs/promises'
import { request } from 'node:http'
import { z } from 'zod'
import { EnvoyRuntimeError } from './error.ts'

/** Options of each call. */
export interface AdminCall {
  /** Default 2000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** What `/server_info` says. */
export interface EnvoyServerInfo {
  /** `LIVE`, `DRAINING`, `PRE_INITIALIZING` or `INITIALIZING`. */
  readonly state: string
  /** Commit, version, build type and TLS library, joined by slashes. */
  readonly version: string
  /** Two Envoys can hot restart only when this is the same. */
  readonly hotRestartVersion: string
  readonly restartEpoch: number
  readonly concurrency: number
}

/** One listener that has its sockets. */
export interface EnvoyListener {
  readonly name: string
  /** `address:port`, one per address. */
  readonly addresses: readonly string[]
}

/** One certificate in use. */
export interface EnvoyCertificate {
  /** URI subject alternative names: the SPIFFE id. */
  readonly uris: readonly string[]
  readonly serialNumber: string
  /** ISO 8601. */
  readonly notBefore: string
  readonly notAfter: string
}

/** How to drain; see https://www.envoyproxy.io/docs/envoy/v1.40.0/operations/admin */
export interface DrainOptions extends AdminCall {
  /** Spread over the drain time instead of at once. Default true. */
  readonly graceful?: boolean
  /** Only what comes in. Default false. */
  readonly inboundOnly?: boolean
  /** Keep the listeners open at the end of the drain. Default false. */
  readonly skipExit?: boolean
}

/**
 * A client of one Envoy's admin over its Unix socket. What answers is not trusted more than the
 * sidecar is: answers are limited in size and parsed.
 */
export interface EnvoyAdmin {
  readonly socketPath: string
  /** Whether Envoy is live. Throws `admin-unreachable` when nothing answers. */
  ready(call?: AdminCall): Promise<boolean>
  serverInfo(call?: AdminCall): Promise<EnvoyServerInfo>
  listeners(call?: AdminCall): Promise<readonly EnvoyListener[]>
  /** Statistics in Prometheus' text format, those in use. */
  stats(call?: AdminCall): Promise<string>
  /** Connections open on all listeners but the admin. */
  activeConnections(call?: AdminCall): Promise<number>
  /** The different workload certificates in use: one, but for the moment of a rotation. */
  certificates(call?: AdminCall): Promise<readonly EnvoyCertificate[]>
  drainListeners(options?: DrainOptions): Promise<void>
  /** Ends the process, at once and without a drain. */
  quit(call?: AdminCall): Promise<void>
}

/** A statistics page of a sidecar has some 100 KiB; more than this is not one of ours. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** An {@link EnvoyAdmin} for this socket. */
export function envoyAdmin(socketPath: string): EnvoyAdmin {
  const get = (path: string, call?: AdminCall): Promise<Answer> =>
    exchange(socketPath, 'GET', path, call)
  const post = async (path: string, call?: AdminCall): Promise<void> => {
    expectOk(path, await exchange(socketPath, 'POST', path, call))
  }
  const json = async <Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    call?: AdminCall,
  ): Promise<z.output<Schema>> => parse(path, expectOk(path, await get(path, call)), schema)

  return {
    socketPath,
    async ready(call) {
      return (await get('/ready', call)).status === 200
    },
    async serverInfo(call) {
      const info = await json('/server_info', serverInfoSchema, call)
      return {
        state: info.state,
        version: info.version,
        hotRestartVersion: info.hot_restart_version,
        restartEpoch: info.command_line_options.restart_epoch,
        concurrency: info.command_line_options.concurrency,
      }
    },
    async listeners(call) {
      const page = await json('/listeners?format=json', listenersSchema, call)
      return page.listener_statuses.map((status) => ({
        name: status.name,
        addresses: [status.local_address, ...status.additional_local_addresses].map(
          ({ socket_address: { address, port_value } }) => `${address}:${port_value}`,
        ),
      }))
    },
    async stats(call) {
      const path = '/stats/prometheus?usedonly'
      return expectOk(path, await get(path, call))
    },
    async activeConnections(call) {
      const filter = encodeURIComponent('^listener\\.[^.]+\\.downstream_cx_active$')
      const page = await json(`/stats?format=json&filter=${filter}`, statsSchema, call)
      return page.stats
        .filter((stat) => !stat.name.startsWith('listener.admin.'))
        .reduce((sum, stat) => sum + stat.value, 0)
    },
    async certificates(call) {
      const page = await json('/certs', certsSchema, call)
      const all = page.certificates
        .flatMap((entry) => entry.cert_chain)
        .map((certificate) => ({
          uris: certificate.subject_alt_names.flatMap(({ uri }) =>
            uri === undefined ? [] : [uri],
          ),
          serialNumber: certificate.serial_number,
          notBefore: certificate.valid_from,
          notAfter: certificate.expiration_time,
        }))
      // Each TLS context lists its own; they are the same secret.
      return [...new Map(all.map((entry) => [entry.serialNumber, entry])).values()]
    },
    async drainListeners(options = {}) {
      const flags = [
        options.graceful === false ? '' : 'graceful',
        options.inboundOnly === true ? 'inboundonly' : '',
        options.skipExit === true ? 'skip_exit' : '',
      ].filter((flag) => flag !== '')
      await post(`/drain_listeners${flags.length > 0 ? `?${flags.join('&')}` : ''}`, options)
    },
    quit: (call) => post('/quitquitquit', call),
  }
}

const serverInfoSchema = z.object({
  state: z.string(),
  version: z.string(),
  hot_restart_version: z.string().default(''),
  command_line_options: z.object({
    restart_epoch: z.number().default(0),
    concurrency: z.number().default(0),
  }),
})

const addressSchema = z.object({
  socket_address: z.object({ address: z.string(), port_value: z.number() }),
})
const listenersSchema = z.object({
  listener_statuses: z
    .array(
      z.object({
        name: z.string(),
        local_address: addressSchema,
        additional_local_addresses: z.array(addressSchema).default([]),
      }),
    )
    .default([]),
})

const statsSchema = z.object({
  stats: z.array(z.object({ name: z.string(), value: z.number() })).default([]),
})

const certsSchema = z.object({
  certificates: z
    .array(
      z.object({
        cert_chain: z
          .array(
            z.object({
              serial_number: z.string(),
              subject_alt_names: z.array(z.object({ uri: z.string().optional() })).default([]),
              valid_from: z.string(),
              expiration_time: z.string(),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
})

interface Answer {
  readonly status: number
  readonly body: string
}

async function exchange(
  socketPath: string,
  method: string,
  path: string,
  { timeoutMs = 2000, signal }: AdminCall = {},
): Promise<Answer> {
  // The sidecar can put a link there: to a socket of someone else, who would take this for our wish.
  const found = await lstat(socketPath).catch(() => undefined)
  if (found?.isSocket() === false) {
    throw new EnvoyRuntimeError('admin-unreachable', `${socketPath} is not a socket`)
  }
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(timeoutMs)
    const fail = (error: unknown): void => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error)
        return
      }
      const why = limit.aborted ? `no answer within ${timeoutMs} ms` : String(error)
      reject(
        new EnvoyRuntimeError('admin-unreachable', `${method} ${path} on ${socketPath}: ${why}`, {
          cause: error,
        }),
      )
    }
    const call = request(
      {
        socketPath,
        method,
        path,
        // Envoy refuses a request without a Host; its value does not matter.
        headers: { host: 'envoy-admin' },
        agent: false,
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_ANSWER_BYTES) response.destroy(new Error('the answer is too long'))
          else chunks.push(chunk)
        })
        response.on('error', fail)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    call.on('error', fail)
    call.end()
  })
}

function expectOk(path: string, answer: Answer): string {
  if (answer.status === 200) return answer.body
  throw new EnvoyRuntimeError(
    'admin-failed',
    `${path} answered ${answer.status}: ${answer.body.slice(0, 200).trim()}`,
  )
}

function parse<Schema extends z.ZodType>(
  path: string,
  body: string,
  schema: Schema,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(body))
  } catch (error) {
    throw new EnvoyRuntimeError('admin-failed', `${path}: the answer is not what Envoy gives`, {
      cause: error,
    })
  }
}
