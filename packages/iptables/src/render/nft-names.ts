/** The name of our nf_tables table, of family inet. */
export const nftTable = 'proxy_sidecar'
