// SPDX-License-Identifier: Apache-2.0

// Calls the Go library for S2 in memory, block by block on one thread, and prints its speeds by CPU time as JSON lines.
//
//	s2-peer LEVEL BLOCKSIZE RUNS FILE...    LEVEL is fast, better or best
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"syscall"

	"github.com/klauspost/compress/s2"
)

const shortest = 0.15

// seconds is the processor time of this process.
func seconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return float64(usage.Utime.Sec+usage.Stime.Sec) + float64(usage.Utime.Usec+usage.Stime.Usec)/1e6
}

// speed is the median of some runs, in MB/s; each repeats the work until it has taken long enough to be measured.
func speed(size, runs int, work func()) float64 {
	work()
	var speeds []float64
	for run := 0; run < runs; run++ {
		start, times := seconds(), 0
		for seconds()-start < shortest {
			work()
			times++
		}
		speeds = append(speeds, float64(size)*float64(times)/1e6/(seconds()-start))
	}
	sort.Float64s(speeds)
	return speeds[len(speeds)/2]
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: s2-peer LEVEL BLOCKSIZE RUNS FILE...")
	}
	// Garbage is collected seldom and never beside the work: what is measured is the library.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400)
	encoders := map[string]func(room, block []byte) []byte{"fast": s2.Encode, "better": s2.EncodeBetter, "best": s2.EncodeBest}
	encode, found := encoders[os.Args[1]]
	if !found {
		log.Fatal("no such level: ", os.Args[1])
	}
	blockSize, runs := number(os.Args[2]), number(os.Args[3])
	output := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[4:] {
		content, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		var blocks, packed [][]byte
		for rest := content; len(rest) > 0; {
			length := blockSize
			if length > len(rest) {
				length = len(rest)
			}
			blocks = append(blocks, rest[:length])
			rest = rest[length:]
		}
		size, plain := 0, make([]byte, blockSize)
		for _, block := range blocks {
			result := encode(nil, block)
			packed = append(packed, result)
			size += len(result)
			back, err := s2.Decode(plain, result)
			if err != nil || !bytes.Equal(back, block) {
				log.Fatal(path, ": what comes back is not what went in")
			}
		}
		room := make([]byte, s2.MaxEncodedLen(blockSize))
		encodeSpeed := speed(len(content), runs, func() {
			for _, block := range blocks {
				encode(room, block)
			}
		})
		decodeSpeed := speed(len(content), runs, func() {
			for _, block := range packed {
				if _, err := s2.Decode(plain, block); err != nil {
					log.Fatal(err)
				}
			}
		})
		err = output.Encode(map[string]any{
			"file": filepath.Base(path), "level": os.Args[1], "out": size, "enc_cpu_mbps": encodeSpeed,
			"dec_cpu_mbps": decodeSpeed,
		})
		if err != nil {
			log.Fatal(err)
		}
	}
}
