// swift-tools-version: 6.2
// A package that uses CodecKit, as an outsider would.

import PackageDescription

let package = Package(
  name: "Embedder",
  dependencies: [.package(name: "CodecKit", path: "../../..")],
  targets: [
    .executableTarget(name: "embedder", dependencies: [.product(name: "CodecKit", package: "CodecKit")])
  ]
)
