// Sends events to Edgepixel from a server. Go 1.18 or newer, without any module.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
)

const tries = 5

var client = &http.Client{Timeout: 10 * time.Second}

// Track sends one event, and sends it again where that fails. Its id stays the same, so it counts once.
func Track(event map[string]any) (string, error) {
	if event["event_id"] == nil {
		id := make([]byte, 16)
		if _, err := rand.Read(id); err != nil {
			return "", err
		}
		event["event_id"] = hex.EncodeToString(id)
	}
	body, err := json.Marshal(event)
	if err != nil {
		return "", err
	}
	for attempt := 0; attempt < tries; attempt++ {
		wait := 1 << attempt
		request, err := http.NewRequest("POST", os.Getenv("EDGEPIXEL_URL")+"/api/v1/events", bytes.NewReader(body))
		if err != nil {
			return "", err
		}
		request.Header.Set("Authorization", "Bearer "+os.Getenv("EDGEPIXEL_KEY"))
		request.Header.Set("Content-Type", "application/json")
		// With an error there was no network, or the connection broke: it may have arrived or not.
		if answer, err := client.Do(request); err == nil {
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if answer.StatusCode == http.StatusAccepted {
				return string(text), nil
			}
			if answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests {
				return "", fmt.Errorf("Edgepixel refused the event: %s", text)
			}
			if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
				wait = seconds
			}
		}
		if attempt < tries-1 {
			time.Sleep(time.Duration(wait) * time.Second)
		}
	}
	return "", errors.New("Edgepixel could not be reached")
}

// SignedPixel is the address of a pixel whose fields nobody can change, for an image in a page.
func SignedPixel(path string, fields map[string]string) string {
	query := url.Values{"project_id": {os.Getenv("EDGEPIXEL_PROJECT")}}
	for name, value := range fields {
		query.Set(name, value)
	}
	var pairs []string
	for name := range query {
		pairs = append(pairs, name)
	}
	sort.Strings(pairs)
	for index, name := range pairs {
		pairs[index] = name + "=" + query.Get(name)
	}
	signature := hmac.New(sha256.New, []byte(os.Getenv("EDGEPIXEL_PIXEL_SECRET")))
	signature.Write([]byte(strings.Join(pairs, "&")))
	query.Set("sig", hex.EncodeToString(signature.Sum(nil)))
	return os.Getenv("EDGEPIXEL_URL") + path + "?" + query.Encode()
}

func main() {
	deposit := map[string]string{"player_id": "player-42", "amount": "25.00", "currency": "EUR", "transaction_id": "T-1001"}
	events := []map[string]any{
		{"event_type": "registration", "player_id": "player-42", "banner_tag": "summer"},
		{"event_type": "deposit"},
	}
	for name, value := range deposit {
		events[1][name] = value
	}
	for _, event := range events {
		answer, err := Track(event)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(answer)
	}
	deposit["btag"] = "summer"
	fmt.Println(SignedPixel("/deposit", deposit))
}
