// The loops of bench/hash-table.ts with a linear-probing table of C++ and std::unordered_map: prints ns an operation as JSON.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <vector>

static uint32_t scattered(uint32_t index) {
  uint32_t word = (index ^ (index >> 16)) * 0x85ebca6bu;
  word = (word ^ (word >> 13)) * 0xc2b2ae35u;
  return word ^ (word >> 16);
}

struct Open {
  struct Slot { uint32_t key, value; };
  std::vector<Slot> slots;
  uint32_t shift, count = 0;
  Open() : slots(16), shift(28) {}
  uint32_t home(uint32_t key) const { return (key * 0x9e3779b1u) >> shift; }
  Slot *find(uint32_t key) {
    uint32_t mask = slots.size() - 1;
    for (uint32_t at = home(key);; at = (at + 1) & mask)
      if (slots[at].key == key || slots[at].key == 0) return &slots[at];
  }
  void set(uint32_t key, uint32_t value) {
    if (count * 4ull >= slots.size() * 3ull) {
      std::vector<Slot> old(slots.size() * 2);
      old.swap(slots);
      shift--;
      for (Slot &slot : old) if (slot.key) *find(slot.key) = slot;
    }
    Slot *slot = find(key);
    if (!slot->key) count++;
    *slot = {key, value};
  }
  uint32_t get(uint32_t key) { Slot *slot = find(key); return slot->key ? slot->value : 0; }
};

struct Std {
  std::unordered_map<uint32_t, uint32_t> map;
  void set(uint32_t key, uint32_t value) { map[key] = value; }
  uint32_t get(uint32_t key) { auto found = map.find(key); return found == map.end() ? 0 : found->second; }
};

static double now() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Table> static void run(const char *name, uint32_t count, const std::vector<uint32_t> &order) {
  double insert = 1e18, hit = 1e18, miss = 1e18;
  uint64_t sum = 0;
  for (int round = 0; round < (count > 10000000 ? 1 : 3); round++) {
    Table table;
    double started = now();
    for (uint32_t at = 0; at < count; at++) table.set((scattered(at) & 0x7fffffff) | 1u << 30, at);
    double inserted = now();
    for (uint32_t at : order) sum += table.get((scattered(at) & 0x7fffffff) | 1u << 30);
    double found = now();
    for (uint32_t at : order) sum += table.get((scattered(at) & 0x7fffffff) & ~(1u << 30) & ~1u);
    double missed = now();
    if (inserted - started < insert) insert = inserted - started;
    if (found - inserted < hit) hit = found - inserted;
    if (missed - found < miss) miss = missed - found;
  }
  printf("\"%s\":{\"insert\":%.2f,\"hit\":%.2f,\"miss\":%.2f,\"sum\":%llu}", name, insert / count, hit / order.size(), miss / order.size(), (unsigned long long)sum);
}

int main(int, char **given) {
  uint32_t count = atoi(given[1]);
  std::vector<uint32_t> order(500000);
  uint64_t state = 88172645463325252ull;
  for (uint32_t &at : order) {
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    at = state % count;
  }
  printf("{");
  run<Open>("open", count, order);
  printf(",");
  run<Std>("std", count, order);
  printf("}\n");
}
