/** What the barcode of a label can hold: 1 to 64 printable ASCII characters. */
export const TRACKING_NUMBER = /^[\x21-\x7e]{1,64}$/;

export const isTrackingNumber = (given: string): boolean => TRACKING_NUMBER.test(given);
