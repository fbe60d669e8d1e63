// The system runs as it was compiled.
import { build } from '../../apps/stack/build.mjs';

export default function compile() {
  build();
}
