// swift-tools-version: 6.2
// Benchmarks of the codecs inside one process, beside the C libraries called directly. A package of its own, so that
// users never build it.

import PackageDescription

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "CodecKit", path: "..")],
  targets: [
    .target(name: "CPeers", path: "Sources/CPeers"),
    .executableTarget(name: "sample-data", path: "Sources/sample-data"),
    .executableTarget(name: "measure-process", path: "Sources/measure-process"),
    .executableTarget(name: "http-load", path: "Sources/http-load", cSettings: [.define("_GNU_SOURCE")]),
    .executableTarget(
      name: "codec-bench",
      dependencies: ["CPeers", .product(name: "CodecKit", package: "CodecKit")],
      path: "Sources/codec-bench",
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
    .executableTarget(
      name: "s2-bench",
      dependencies: [.product(name: "CodecKit", package: "CodecKit")],
      path: "Sources/s2-bench",
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
    .executableTarget(
      name: "quicklz-bench",
      dependencies: ["CPeers", .product(name: "CodecKit", package: "CodecKit")],
      path: "Sources/quicklz-bench",
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
  ]
)
