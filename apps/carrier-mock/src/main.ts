import { runService } from '@orderbridge/service';
import { carrierEnvironment } from './carrier-environment.js';
import { FAULTS } from './magic-postal-codes.js';
import { CarrierModule } from './carrier.module.js';

await runService(carrierEnvironment, (config) => ({
  name: 'carrier-mock',
  description:
    'Stands in for a parcel carrier with a SOAP service at /carrier (WSDL at /carrier?wsdl). Postal codes: ' +
    `${FAULTS.invalidAddress} is refused, ${FAULTS.lateAnswer} books but answers the first request too late, ` +
    `${FAULTS.serverError} fails twice before it books; more are in its magic-postal-codes.ts.`,
  module: CarrierModule.forRoot(config),
}));
