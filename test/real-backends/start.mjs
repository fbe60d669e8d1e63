// The system as RunningStack starts it with ORDERBRIDGE_BACKENDS=real; takes the options of npm start.
import { build } from '../../apps/stack/build.mjs';

build();
await import('../../dist/test/real-backends/main.js');
