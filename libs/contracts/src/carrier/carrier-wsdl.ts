import { fileURLToPath } from 'node:url';

/** Path of the WSDL by which shipping calls the carrier. */
export const CARRIER_WSDL = fileURLToPath(new URL('carrier.wsdl', import.meta.url));

/** Fault codes by which the carrier refuses a request for good. Any other failure may pass. */
export const CARRIER_REFUSALS = ['InvalidAddress', 'NotFound', 'AlreadyDelivered'] as const;
