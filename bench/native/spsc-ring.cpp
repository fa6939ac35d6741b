// Two threads pass u32 numbers through a ring, one at a time, each with a cached copy of the other's index. Argument: how many. Prints a JSON object.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

constexpr uint32_t CAPACITY = 1 << 16;
alignas(128) static std::atomic<uint32_t> tail{0};
alignas(128) static std::atomic<uint32_t> head{0};
alignas(128) static uint32_t slots[CAPACITY];

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  uint32_t items = (uint32_t)atol(argv[1]);
  auto start = std::chrono::steady_clock::now();
  std::thread producer([items] {
    uint32_t seen = 0;
    for (uint32_t at = 0; at < items; at++) {
      while (at - seen == CAPACITY) seen = head.load(std::memory_order_acquire);
      slots[at % CAPACITY] = at;
      tail.store(at + 1, std::memory_order_release);
    }
  });
  uint32_t seen = 0;
  uint64_t sum = 0;
  for (uint32_t at = 0; at < items; at++) {
    while (at == seen) seen = tail.load(std::memory_order_acquire);
    sum += slots[at % CAPACITY];
    head.store(at + 1, std::memory_order_release);
  }
  producer.join();
  double ns = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  printf("{\"nsPerItem\":%f,\"sum\":%llu}\n", ns / items, (unsigned long long)sum);
  return 0;
}
