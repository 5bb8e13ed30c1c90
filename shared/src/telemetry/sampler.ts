// Which traces are recorded. A trace is recorded whole or not at all: every process decides by its id alone, so all decide alike.
// A client that does not want its trace recorded is obeyed; one that does is not let past the ratio set here.
import type { Context } from '@opentelemetry/api';
import { trace, TraceFlags } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { TraceConfig } from './config.ts';

export function samplerOf(name: TraceConfig['OTEL_TRACES_SAMPLER'], ratio: number): Sampler {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return obeying(new AlwaysOnSampler());
    case 'parentbased_always_off':
      return obeying(new AlwaysOffSampler());
    case 'parentbased_traceidratio':
      return obeying(new TraceIdRatioBasedSampler(ratio));
  }
}

const obeying = (sampler: Sampler): Sampler => ({
  shouldSample: (...asked) =>
    isRefused(asked[0]) ? { decision: SamplingDecision.NOT_RECORD } : sampler.shouldSample(...asked),
  toString: () => `Obeying{${sampler.toString()}}`,
});

function isRefused(context: Context): boolean {
  const parent = trace.getSpanContext(context);
  return parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) === 0;
}
