/** Filters that live in the address bar: a link to a filtered list is a link like any other. */
import { computed, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

export type Filters<N extends string> = Record<N, WritableComputedRef<string>>;

export function useFilters<N extends string>(names: readonly N[]): Filters<N> {
  const route = useRoute();
  const router = useRouter();
  const made = {} as Filters<N>;
  for (const name of names) {
    made[name] = computed({
      get: () => {
        const value = route.query[name];
        return typeof value === 'string' ? value : '';
      },
      set: (value: string) => {
        const query = { ...route.query };
        if (value) query[name] = value;
        else delete query[name];
        void router.replace({ query });
      },
    });
  }
  return made;
}
