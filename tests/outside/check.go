// What a State's own technician could write to check the log, with nothing of ours: Go's standard library and
// Google's code for signed notes and transparency logs. The formats are those of docs/LOG.md.
//
//	check -base URL -ca ca.pem -key log.pub -token FILE [-samples N] [-checkpoints DIR] [-receipts DIR] [-policy FILE]
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var (
	base        = flag.String("base", "", "where the log is, without a slash at the end")
	authority   = flag.String("ca", "", "certificate of the server's authority")
	key         = flag.String("key", "", "the log's public key")
	token       = flag.String("token", "", "an access token")
	samples     = flag.Int("samples", 1000, "leaves to prove")
	checkpoints = flag.String("checkpoints", "", "a folder of earlier checkpoints")
	receipts    = flag.String("receipts", "", "a folder of receipts")
	policy      = flag.String("policy", "", "a policy: each of its witnesses must have cosigned what is served")
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func text(path string) string { return strings.TrimSpace(string(must(os.ReadFile(path)))) }

// service is the log as it is served.
type service struct {
	client  *http.Client
	token   string
	fetched int
}

func (s *service) get(path string) ([]byte, error) {
	request := must(http.NewRequest("GET", *base+path, nil))
	request.Header.Set("Authorization", "Bearer "+s.token)
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	s.fetched++
	return io.ReadAll(answer.Body)
}

// address is the path of a tile in c2sp.org/tlog-tiles, which is not that of Go's checksum database.
func address(kind string, index int64, width int) string {
	number := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		number = fmt.Sprintf("x%03d/%s", index%1000, number)
	}
	if width < 256 {
		number += fmt.Sprintf(".p/%d", width)
	}
	return "/tile/" + kind + "/" + number
}

func (s *service) Height() int { return 8 }

func (s *service) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		bytes, err := s.get(address(strconv.Itoa(tile.L), tile.N, tile.W))
		if err != nil {
			return nil, err
		}
		all = append(all, bytes)
	}
	return all, nil
}

func (s *service) SaveTiles([]tlog.Tile, [][]byte) {}

// cosigner is a witness's key: c2sp.org/tlog-cosignature with Ed25519, which Go's note does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	return time > 0 && ed25519.Verify(c.key, []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)), signature[8:])
}

// cosigners are the witnesses of a policy (c2sp.org/tlog-policy).
func cosigners(policy string) []note.Verifier {
	var all []note.Verifier
	for _, line := range strings.Split(policy, "\n") {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "witness" {
			continue
		}
		parts := strings.SplitN(words[2], "+", 3)
		key := must(base64.StdEncoding.DecodeString(parts[2]))
		if key[0] != 4 {
			log.Fatalf("not a key of a witness: %s", words[2])
		}
		all = append(all, cosigner{parts[0], binary.BigEndian.Uint32(must(hex.DecodeString(parts[1]))), key[1:]})
	}
	return all
}

// cosigned checks that each of these has cosigned a checkpoint.
func cosigned(message []byte, by []note.Verifier) {
	for _, one := range by {
		if _, err := note.Open(message, note.VerifierList(one)); err != nil {
			log.Fatalf("not cosigned by %s: %v", one.Name(), err)
		}
	}
}

// open verifies a checkpoint's signature and reads it. Signatures by others are left alone.
func open(message []byte, verifier note.Verifier) tlog.Tree {
	opened := must(note.Open(message, note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatalf("not a checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	return tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: must(tlog.ParseHash(lines[2]))}
}

// leaves reads a bundle of leaves.
func (s *service) leaves(index, size int64) [][]byte {
	width := min(256, size-index*256)
	rest := must(s.get(address("entries", index, int(width))))
	var all [][]byte
	for len(rest) > 0 {
		length := int(binary.BigEndian.Uint16(rest))
		all = append(all, rest[2:2+length])
		rest = rest[2+length:]
	}
	if int64(len(all)) != width {
		log.Fatalf("a bundle of %d leaves has %d", width, len(all))
	}
	return all
}

func sum(parts ...[]byte) []byte {
	hash := sha256.Sum256(bytes.Join(parts, nil))
	return hash[:]
}

// receipt checks a file of c2sp.org/tlog-proof and answers the event that it proves.
func receipt(path string, verifier note.Verifier) string {
	head, checkpoint, _ := strings.Cut(string(must(os.ReadFile(path))), "\n\n")
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		log.Fatalf("%s: %q", path, lines[0])
	}
	var shown struct {
		Minute uint64
		Fields []struct{ Name, Value, Key, Digest string }
	}
	extra := must(base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra ")))
	if err := json.Unmarshal(extra, &shown); err != nil {
		log.Fatal(err)
	}
	event, parts := "", [][]byte{[]byte("incamera/entry/v1\x00")}
	for _, field := range shown.Fields {
		digest := must(hex.DecodeString(field.Digest))
		if field.Digest == "" {
			name, value := []byte(field.Name), []byte(field.Value)
			digest = sum([]byte("incamera/field/v1\x00"), must(hex.DecodeString(field.Key)), name, []byte{0}, value)
		}
		if field.Name == "event" {
			event = field.Value
		}
		parts = append(parts, digest)
	}
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64))
	leaf := []byte{1}
	leaf = binary.BigEndian.AppendUint64(leaf, uint64(index))
	leaf = binary.BigEndian.AppendUint64(leaf, shown.Minute)
	leaf = append(leaf, sum(parts...)...)
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		proof = append(proof, must(tlog.ParseHash(line)))
	}
	tree := open([]byte(checkpoint), verifier)
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
		log.Fatalf("%s: %v", path, err)
	}
	return event
}

func main() {
	log.SetFlags(0)
	flag.Parse()
	verifier := must(note.NewVerifier(text(*key)))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(text(*authority)))
	s := &service{
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}},
		token:  text(*token),
	}

	newest := must(s.get("/checkpoint"))
	tree := open(newest, verifier)
	var witnesses []note.Verifier
	if *policy != "" {
		witnesses = cosigners(text(*policy))
		cosigned(newest, witnesses)
	}
	// This reader checks every tile against the signed root before it is used.
	reader := tlog.TileHashReader(tree, s)
	proved := 0
	for n := 0; n < *samples; n++ {
		place := rand.Int63n(tree.N)
		switch n {
		case 0:
			place = 0
		case 1:
			place = tree.N - 1
		}
		bundle := s.leaves(place/256, tree.N)
		leaf := bundle[place%256]
		if binary.BigEndian.Uint64(leaf[1:]) != uint64(place) {
			log.Fatalf("leaf %d has another's number", place)
		}
		proof := must(tlog.ProveRecord(tree.N, place, reader))
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, place, tlog.RecordHash(leaf)); err != nil {
			log.Fatalf("leaf %d: %v", place, err)
		}
		proved++
	}

	trees := []tlog.Tree{tree}
	if *checkpoints != "" {
		for _, path := range must(filepath.Glob(filepath.Join(*checkpoints, "*"))) {
			trees = append(trees, open(must(os.ReadFile(path)), verifier))
		}
	}
	pairs := 0
	for _, old := range trees {
		for _, newer := range trees {
			if old.N >= newer.N {
				continue
			}
			proof := must(tlog.ProveTree(newer.N, old.N, reader))
			if err := tlog.CheckTree(proof, newer.N, newer.Hash, old.N, old.Hash); err != nil {
				log.Fatalf("from %d to %d: %v", old.N, newer.N, err)
			}
			pairs++
		}
	}

	var events []string
	if *receipts != "" {
		for _, path := range must(filepath.Glob(filepath.Join(*receipts, "*.tlog-proof"))) {
			events = append(events, receipt(path, verifier))
		}
	}
	fmt.Printf("log %s: %d leaves; %d proved, %d pairs of checkpoints consistent, %d receipts %v; %d witnesses; %d answers\n",
		verifier.Name(), tree.N, proved, pairs, len(events), events, len(witnesses), s.fetched)
}
