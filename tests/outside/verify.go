// Checks claims about a log with the packages of Go's checksum database. In: lines of JSON. Out: "good" or why not.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claim struct {
	Key, Note, Older   string
	Leaf               []byte
	Index              int64
	Proof, Consistency [][]byte
}

func hashes(raw [][]byte) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, one := range raw {
		var hash tlog.Hash
		if copy(hash[:], one) != len(hash) || len(one) != len(hash) {
			return nil, fmt.Errorf("a hash of %d bytes", len(one))
		}
		found = append(found, hash)
	}
	return found, nil
}

func head(text string, key string) (int64, tlog.Hash, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return 0, tlog.Hash{}, fmt.Errorf("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}

func check(one claim) error {
	size, root, err := head(one.Note, one.Key)
	if err != nil {
		return err
	}
	proof, err := hashes(one.Proof)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, size, root, one.Index, tlog.RecordHash(one.Leaf)); err != nil {
		return err
	}
	before, earlier, err := head(one.Older, one.Key)
	if err != nil {
		return err
	}
	grown, err := hashes(one.Consistency)
	if err != nil {
		return err
	}
	return tlog.CheckTree(grown, size, root, before, earlier)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		var one claim
		err := json.Unmarshal(lines.Bytes(), &one)
		if err == nil {
			err = check(one)
		}
		if err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("good")
		}
	}
}
