import { wildcards } from './capture.ts'
import { type SidecarSettings } from './config.ts'
import { clusterNames, listenerNames } from './names.ts'
import { extension, type Listener } from './shapes.ts'

/** Optional listeners inside the pod that show one page each of the admin, read-only. */
export function observeListeners(config: SidecarSettings): readonly Listener[] {
  const listeners: Listener[] = []
  if (config.metricsPort !== undefined) {
    listeners.push(
      page(config, listenerNames.metrics, config.metricsPort, {
        path: '/stats/prometheus',
        admin: '/stats/prometheus?usedonly',
      }),
    )
  }
  if (config.healthPort !== undefined) {
    listeners.push(
      page(config, listenerNames.health, config.healthPort, {
        path: '/healthz/ready',
        admin: '/ready',
      }),
    )
  }
  return listeners
}

function page(
  config: SidecarSettings,
  name: string,
  port: number,
  { path, admin }: { readonly path: string; readonly admin: string },
): Listener {
  const [first, ...others] = wildcards(config.families, port)
  const match = {
    path,
    headers: [{ name: ':method', string_match: { exact: 'GET' } }],
  }
  return {
    name,
    stat_prefix: name,
    address: first,
    ...(others.length > 0 ? { additional_addresses: others.map((address) => ({ address })) } : {}),
    filter_chains: [
      {
        name,
        filters: [
          extension(
            'http',
            'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            {
              stat_prefix: name,
              codec_type: 'HTTP1',
              route_config: {
                name,
                virtual_hosts: [
                  {
                    name,
                    domains: ['*'],
                    // The whole path is replaced, so a query cannot reach the admin.
                    routes: [
                      {
                        match,
                        route: {
                          cluster: clusterNames.admin,
                          regex_rewrite: { pattern: { regex: '^.*$' }, substitution: admin },
                        },
                      },
                    ],
                  },
                ],
              },
              http_filters: [
                extension('router', 'envoy.extensions.filters.http.router.v3.Router', {
                  suppress_envoy_headers: true,
                }),
              ],
              stream_idle_timeout: '10s',
              request_timeout: '10s',
            },
          ),
        ],
      },
    ],
  }
}
