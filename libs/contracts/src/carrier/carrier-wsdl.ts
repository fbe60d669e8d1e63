import { fileURLToPath } from 'node:url';

/** Path of the WSDL by which shipping calls the carrier. */
export const CARRIER_WSDL = fileURLToPath(new URL('carrier.wsdl', import.meta.url));

/** Fault codes by which the carrier refuses permanently, by operation. Any other failure may pass. */
export const CARRIER_REFUSALS = {
  createShipment: ['InvalidAddress'],
  voidShipment: ['AlreadyDelivered', 'VoidRefused', 'NotFound'],
  getShipment: ['NotFound'],
} as const;
