import { secretFiles, secretNames } from './names.ts'
import { extension, type ExtensionConfig, type FileConfigSource } from './shapes.ts'

/** What both ends of mutual TLS need. */
export interface MutualTls {
  readonly trustDomain: string
  readonly sdsDirectory: string
  readonly minTlsVersion: '1.2' | '1.3'
  /** The one protocol offered or accepted. */
  readonly alpn: string
}

/** The server's side: a certificate of our trust domain is required. */
export function serverTls(options: MutualTls): ExtensionConfig {
  return extension('mtls', 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
    require_client_certificate: true,
    // A resumed session would skip the check of a certificate that has since been replaced.
    disable_stateless_session_resumption: true,
    disable_stateful_session_resumption: true,
    common_tls_context: commonTls(options),
  })
}

/** The client's side: any workload of our trust domain may answer. */
export function clientTls(options: MutualTls): ExtensionConfig {
  return extension('mtls', 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    max_session_keys: 0,
    common_tls_context: commonTls(options),
  })
}

/** A file that is read again when something is moved into its directory. */
export function fileSource(path: string, directory: string): FileConfigSource {
  return {
    resource_api_version: 'V3',
    path_config_source: { path, watched_directory: { path: directory } },
  }
}

function commonTls(options: MutualTls): Readonly<Record<string, unknown>> {
  const secret = (name: string, file: string): Readonly<Record<string, unknown>> => ({
    name,
    sds_config: fileSource(`${options.sdsDirectory}/${file}`, options.sdsDirectory),
  })
  return {
    tls_params: {
      tls_minimum_protocol_version: options.minTlsVersion === '1.3' ? 'TLSv1_3' : 'TLSv1_2',
      tls_maximum_protocol_version: 'TLSv1_3',
    },
    alpn_protocols: [options.alpn],
    tls_certificate_sds_secret_configs: [secret(secretNames.identity, secretFiles.identity)],
    combined_validation_context: {
      default_validation_context: {
        match_typed_subject_alt_names: [
          { san_type: 'URI', matcher: { prefix: `spiffe://${options.trustDomain}/` } },
        ],
      },
      validation_context_sds_secret_config: secret(
        secretNames.trustBundle,
        secretFiles.trustBundle,
      ),
    },
  }
}
