/** A fault as node-soap's server sends it, with the WSDL's carrierFault as its detail. */
export interface SoapFault {
  readonly Fault: {
    readonly faultcode: string;
    readonly faultstring: string;
    readonly detail?: { readonly carrierFault: { readonly code: string; readonly message: string } };
    readonly statusCode: number;
  };
}

export const clientFault = (code: string, message: string): SoapFault => fault('soap:Client', code, message);
export const serverFault = (code: string, message: string): SoapFault => fault('soap:Server', code, message);

const fault = (faultcode: string, code: string, message: string): SoapFault => ({
  Fault: { faultcode, faultstring: message, detail: { carrierFault: { code, message } }, statusCode: 500 },
});
