// The tokens of bench/intern.ts in C++: `intern PATH DELIMITERS hand|string`. Prints JSON: nanoseconds a token, tokens, distinct ones, and the digest of the ids.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

using Clock = std::chrono::steady_clock;

struct Result {
  uint64_t tokens = 0;
  uint32_t distinct = 0, digest = 0;
};

// The layout of ours: slots of hash and place, records of id, length and bytes, and the place of each id.
struct Hand {
  struct Slot {
    uint32_t hash, ref;
  };
  std::vector<Slot> slots = std::vector<Slot>(16);
  std::vector<uint32_t> refs;
  uint32_t *words = static_cast<uint32_t *>(malloc(size_t{1} << 32));
  uint32_t next = 2;

  static uint32_t hashOf(const uint8_t *at, size_t length) {
    uint64_t hash = length * 0x9e3779b97f4a7c15u;
    while (length >= 8) {
      uint64_t word;
      memcpy(&word, at, 8);
      hash = (hash ^ word) * 0xff51afd7ed558ccdu;
      hash ^= hash >> 32;
      at += 8;
      length -= 8;
    }
    uint64_t word = 0;
    memcpy(&word, at, length);
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 32;
    hash *= 0xc4ceb9fe1a85ec53u;
    return static_cast<uint32_t>(hash >> 32);
  }

  uint32_t intern(const uint8_t *at, size_t length) {
    const uint32_t hash = hashOf(at, length);
    uint32_t mask = slots.size() - 1;
    uint32_t index = hash & mask;
    for (;; index = (index + 1) & mask) {
      const Slot slot = slots[index];
      if (slot.ref == 0) break;
      if (slot.hash == hash && words[slot.ref + 1] == length && memcmp(words + slot.ref + 2, at, length) == 0) return words[slot.ref];
    }
    if ((refs.size() + 1) * 4 > slots.size() * 3) {
      std::vector<Slot> wider(slots.size() * 2);
      mask = wider.size() - 1;
      for (const Slot slot : slots) {
        if (slot.ref == 0) continue;
        uint32_t to = slot.hash & mask;
        while (wider[to].ref != 0) to = (to + 1) & mask;
        wider[to] = slot;
      }
      slots.swap(wider);
      index = hash & mask;
      while (slots[index].ref != 0) index = (index + 1) & mask;
    }
    const uint32_t ref = next;
    refs.push_back(ref);
    words[ref] = refs.size();
    words[ref + 1] = length;
    memcpy(words + ref + 2, at, length);
    next += 2 + (length + 3) / 4;
    slots[index] = {hash, ref};
    return refs.size();
  }
};

template <typename Intern>
Result run(const std::vector<uint8_t> &text, size_t length, const bool *ends, Intern intern) {
  Result result;
  size_t start = 0;
  for (size_t at = 0; at <= length; at++) {
    if (at < length && !ends[text[at]]) continue;
    if (at > start) {
      const uint32_t id = intern(text.data() + start, at - start);
      result.tokens++;
      result.digest = result.digest * 31 + id;
      if (id > result.distinct) result.distinct = id;
    }
    start = at + 1;
  }
  return result;
}

int main(int, char **arguments) {
  FILE *file = fopen(arguments[1], "rb");
  std::vector<uint8_t> text;
  fseek(file, 0, SEEK_END);
  text.resize(ftell(file));
  rewind(file);
  if (fread(text.data(), 1, text.size(), file) != text.size()) return 1;
  bool ends[256] = {};
  for (const char *at = arguments[2]; *at; at++) ends[static_cast<uint8_t>(*at)] = true;
  double best = 1e300;
  Result result;
  for (int round = 0; round < 3; round++) {
    const auto started = Clock::now();
    if (strcmp(arguments[3], "hand") == 0) {
      Hand table;
      result = run(text, text.size(), ends, [&](const uint8_t *at, size_t length) { return table.intern(at, length); });
      free(table.words);
    } else {
      std::unordered_map<std::string, uint32_t> map;
      result = run(text, text.size(), ends, [&](const uint8_t *at, size_t length) {
        return map.try_emplace(std::string(reinterpret_cast<const char *>(at), length), map.size() + 1).first->second;
      });
    }
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - started).count());
  }
  printf("{\"nsPerToken\":%f,\"tokens\":%llu,\"distinct\":%u,\"digest\":%d}\n", best / result.tokens, (unsigned long long)result.tokens,
         result.distinct, static_cast<int32_t>(result.digest));
}
